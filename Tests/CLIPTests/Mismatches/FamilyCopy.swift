import Foundation
import Testing
import Torch

@testable import CLIP

/// A copy of a family's directory, whose files a test may change.
struct FamilyCopy {
    let path: String

    /// - Parameter folder: a temporary directory.
    init(_ name: String, in folder: String) throws {
        path = folder + "/" + name
        try FileManager.default.copyItem(atPath: FixtureModel.root() + "/families/" + name, toPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func description() throws -> ModelDescription { try ModelCatalog.description(of: path) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

    /// Changes a JSON file's object.
    func edit(_ name: String, _ change: (inout [String: Any]) throws -> Void) throws {
        let url = URL(fileURLWithPath: file(name))
        let parsed = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
        var object = try #require(parsed as? [String: Any])
        try change(&object)
        try JSONSerialization.data(withJSONObject: object).write(to: url)
    }

    /// Changes an object inside a JSON file's.
    func edit(_ name: String, inside key: String, _ change: (inout [String: Any]) throws -> Void) throws {
        try edit(name) { object in
            var inner = try #require(object[key] as? [String: Any])
            try change(&inner)
            object[key] = inner
        }
    }

    /// Changes the tensors of a safetensors file.
    func editWeights(_ name: String = "model.safetensors", _ change: (inout [String: Tensor]) throws -> Void) throws {
        var tensors: [String: Tensor] = [:]
        // Copies: the file they lie in is replaced.
        for (key, tensor) in try TensorFile.read(file(name)) { tensors[key] = try tensor.copied() }
        try change(&tensors)
        try TensorFile.write(tensors, to: file(name))
    }
}

/// Expects a configuration error at a key.
func expectRefused(
    at key: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
    let error = #expect(throws: CLIPError.self, "\(key)", sourceLocation: sourceLocation) { try body() }
    guard case .configuration(_, let found, _) = error else {
        Issue.record("\(String(describing: error)) where \(key) is expected", sourceLocation: sourceLocation)
        return
    }
    #expect(found.hasSuffix(key), "\(String(describing: error))", sourceLocation: sourceLocation)
}
