import CLIPText
import Checksums
import Foundation
import Torch
import TorchNN

/// Which space vectors are points of: everything that decides a model's numbers. Vectors may be compared only if their
/// spaces are the same.
public struct EmbeddingSpace: Codable, Sendable, Equatable {
    /// What the model was called when the vectors were made. Names do not matter to the numbers.
    public var model: String
    /// Length of a vector.
    public var embeddingSize: Int
    /// Hash of all weights as 32-bit numbers, under names of their own: the same for the same weights in any layout.
    public var weights: String
    /// What weights do not show: heads, non-linearity, pooling and the like, by name.
    public var architecture: [String: String]
    /// What texts were turned into ids with: another vocabulary makes another space. Nil where texts could not be read.
    public var tokenizer: TokenizerIdentity?
    /// How pictures are brought to the model's size, by name.
    public var preprocessing: [String: String]
    /// Whether vectors are divided by their length.
    public var normalized: Bool

    package init(
        model: String, embeddingSize: Int, weights: String, architecture: [String: String],
        tokenizer: TokenizerIdentity?, preprocessing: [String: String], normalized: Bool
    ) {
        self.model = model
        self.embeddingSize = embeddingSize
        self.weights = weights
        self.architecture = architecture
        self.tokenizer = tokenizer
        self.preprocessing = preprocessing
        self.normalized = normalized
    }

    /// What the fields come to, without the name: 32 hexadecimal digits.
    public var fingerprint: String {
        var hash = ContentHash()
        for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
            hash.update(name)
            hash.update(value)
        }
        return hash.hexadecimal()
    }

    /// Every fact but the model's name.
    private var facts: [String: String] {
        var facts = [
            "embedding size": "\(embeddingSize)", "weights": weights,
            "normalization": normalized ? "unit length" : "none",
        ]
        if let tokenizer {
            facts["tokenizer"] = tokenizer.kind
            facts["tokenizer's vocabulary"] = tokenizer.contentHash
            facts["tokenizer's vocabulary size"] = "\(tokenizer.vocabularySize)"
            facts["text cleaning"] = tokenizer.cleaning
            facts["context length"] = "\(tokenizer.contextLength)"
        }
        for (name, value) in architecture { facts[name] = value }
        for (name, value) in preprocessing { facts["picture " + name] = value }
        return facts
    }

    /// What sets two spaces apart, a line each; empty where they are the same.
    public func differences(from other: EmbeddingSpace) -> [String] {
        let (own, others) = (facts, other.facts)
        return Set(own.keys).union(others.keys).sorted().compactMap { name in
            let (left, right) = (own[name] ?? "not stated", others[name] ?? "not stated")
            return left == right ? nil : "\(name): \(left) and \(right)"
        }
    }
}

extension CLIPModel {
    /// The space of this model's vectors.
    /// - Parameter normalized: whether they are divided by their length.
    /// - Throws: what reading the weights' file anew throws: they are hashed as they were stored.
    public func space(normalized: Bool) throws -> EmbeddingSpace {
        EmbeddingSpace(
            model: name, embeddingSize: model.configuration.embeddingSize, weights: try weightsHash(),
            architecture: model.configuration.traits, tokenizer: try? tokenizer.identity,
            preprocessing: preparation?.configuration.traits ?? [:], normalized: normalized)
    }

    /// From the file where there is one, so that computing in another precision changes nothing.
    private func weightsHash() throws -> String {
        guard let weights else { return try Self.hash(of: model.state()) }
        return try fileHash.value { try Self.hash(of: weights.moduleState(shapes: model.stateShapes).state) }
    }

    private static func hash(of state: [String: Tensor]) throws -> String {
        var hash = ContentHash()
        for (name, tensor) in state.sorted(by: { $0.key < $1.key }) where !name.hasSuffix("num_batches_tracked") {
            hash.update(name)
            hash.update("\(tensor.shape)")
            try tensor.converted(to: .float32).bytes().withUnsafeBytes { hash.update($0) }
            // Else the whole file would stay in memory beside what was packed of it.
            tensor.releaseFilePages()
        }
        return hash.hexadecimal()
    }
}

/// What a model's weights' file hashes to: seconds for a large one, so it is done once.
final class FileHash: @unchecked Sendable {
    private let lock = NSLock()
    private var known: String?  // guarded by `lock`

    func value(_ compute: () throws -> String) throws -> String {
        try lock.withLock {
            if let known { return known }
            let computed = try compute()
            known = computed
            return computed
        }
    }
}

extension PreprocessConfiguration {
    var traits: [String: String] {
        [
            "size": "\(size)", "resizing": resizeMode.rawValue, "interpolation": interpolation.rawValue,
            "mean": mean.map { "\($0)" }.joined(separator: " "),
            "deviation": standardDeviation.map { "\($0)" }.joined(separator: " "),
        ]
    }
}
