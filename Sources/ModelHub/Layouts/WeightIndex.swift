import Files
import Foundation
import Transfer

/// `model.safetensors.index.json`: which file holds which tensor.
struct WeightIndex: Decodable {
    /// An index takes some hundred bytes a tensor; models have thousands.
    static let maximumBytes = 64 << 20

    private enum CodingKeys: String, CodingKey { case filesByTensor = "weight_map" }

    private let filesByTensor: [String: String]

    /// The files that hold the tensors, each once, in order.
    var files: [String] { Set(filesByTensor.values).sorted() }

    /// The files that hold the tensors of weights, as a repository names them; none for weights in one file.
    /// - Parameters:
    ///   - weights: the file that may be an index, as the repository names it.
    ///   - folder: where the repository's files are.
    static func shards(of weights: String, in folder: String) throws(ModelHubError) -> [String] {
        guard ModelFiles.isIndex(weights) else { return [] }
        // Shards lie beside their index.
        let place = weights.lastIndex(of: "/").map { weights[...$0] } ?? ""
        return try files(of: "\(folder)/\(weights)").map { place + $0 }
    }

    /// Reads the index at a path.
    /// - Throws: ``ModelHubError/transfer(_:)`` naming the path, or
    ///   ``ModelHubError/invalidName(kind:name:reason:)``.
    static func files(of path: String) throws(ModelHubError) -> [String] {
        let index: WeightIndex?
        do {
            index = try JSONDecoder().decode(WeightIndex.self, from: WholeFile.data(path, limit: maximumBytes))
        } catch {
            // A larger file is no index either.
            if let fault = error as? FileFault, fault.code != 0 || fault.isPointer { throw .transfer(.file(fault)) }
            index = nil
        }
        guard let index else {
            throw .transfer(
                .invalidAnswer(url: path, reason: "it is no index of weights (an object with \"weight_map\")"))
        }
        for name in index.files { try SafeName.checkFile(name) }
        return index.files
    }
}
