import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// What is known of a classifier's classes without their pictures.
@Suite struct ClassAnchorTests {
    private static func anchors(classes: Int = 5, width: Int = 64) throws -> ClassAnchors {
        try withSeed(3) {
            try ClassAnchors(
                names: (0..<classes).map { "class \($0)" }, weight: Tensor.normal([classes, width]),
                bias: Tensor.zeros([classes]), mean: Tensor.full([width], 1), deviation: Tensor.full([width], 0.5),
                range: 0...6)
        }
    }

    /// Against a fine sum over the normal density.
    @Test(arguments: [(0.3, 0.9), (-2.0, 1.5), (5.5, 2.0), (-9.0, 0.5), (3.0, 0.01)])
    func momentsAreThoseOfACutNormalVariable(mean: Double, deviation: Double) {
        let (found, spread) = EfficientNet.momentsOfCut(mean: mean, deviation: deviation, at: 0...6)
        var (total, first, second) = (0.0, 0.0, 0.0)
        for step in 0...20_000 {
            let z = -8 + Double(step) * 16 / 20_000
            let density = exp(-z * z / 2)
            let value = min(max(mean + deviation * z, 0), 6)
            total += density
            first += density * value
            second += density * value * value
        }
        first /= total
        #expect(abs(found - first) < 1e-5)
        #expect(abs(spread - max(0, second / total - first * first).squareRoot()) < 1e-4)
    }

    @Test func statesOfAClassAreTakenForIt() throws {
        let anchors = try Self.anchors()
        let classes = [4, 0, 2]
        let (states, answers) = try withSeed(1) { try anchors.draw(classes, mixedWith: classes) }
        #expect(states.shape == [3, 64] && answers.shape == [3, 3])
        let values = try states.elements(Float.self)
        #expect(values.allSatisfy { (0...6).contains($0) })
        #expect(try answers.argmax(along: 1).elements(Int64.self) == [0, 1, 2])
        // With a little of another class the classifier is less sure of the first.
        let mixed = try withSeed(1) { try anchors.draw(classes, mixedWith: [0, 2, 4]) }.answers
        func sureness(_ answers: Tensor) throws -> Double {
            try (answers * Tensor.identity(3)).sum().item()
        }
        #expect(try sureness(mixed) < sureness(answers))
        for sum in try answers.sum(along: 1).elements(Float.self) { #expect(abs(sum - 1) < 1e-5) }
    }

    /// With as many numbers in an embedding as there are classes, one matrix can bring them all to their texts.
    @Test func theProjectionBringsClassesToTheirTexts() throws {
        let anchors = try Self.anchors(classes: 6, width: 40)
        let texts = try Tensor.identity(6)
        let projection = try anchors.projection(to: texts, ridge: 1e-4)
        #expect(projection.shape == [6, 40])
        let (states, _) = try withSeed(2) { try anchors.draw(Array(0..<6), mixedWith: Array(0..<6)) }
        let scores = try (states - Tensor.full([40], 1)).productWithTransposed(projection).matmul(texts)
        #expect(try scores.argmax(along: 1).elements(Int64.self) == [0, 1, 2, 3, 4, 5])
    }

    @Test func theyComeBackFromAFile() throws {
        try withTemporaryDirectory { folder in
            let anchors = try Self.anchors()
            let path = folder + "/anchors.safetensors"
            try anchors.write(to: path)
            let read = try ClassAnchors(path: path)
            #expect(read.names == anchors.names && read.width == 64)
            let (a, b) = try (
                withSeed(5) { try anchors.draw([1, 2], mixedWith: [2, 1]) },
                withSeed(5) { try read.draw([1, 2], mixedWith: [2, 1]) }
            )
            #expect(try a.states.bytes() == b.states.bytes() && a.answers.bytes() == b.answers.bytes())
        }
    }

    @Test func filesOfSomethingElseAreRefused() throws {
        try withTemporaryDirectory { folder in
            func refused(
                _ key: String, _ change: (inout [String: Tensor]) throws -> Void, names: String = "[\"a\",\"b\"]"
            )
                throws
            {
                var tensors = [
                    "weight": try Tensor.zeros([2, 3]), "bias": try Tensor.zeros([2]), "mean": try Tensor.zeros([3]),
                    "deviation": try Tensor.ones([3]), "range": try Tensor([Float(0), 6]),
                ]
                try change(&tensors)
                let path = folder + "/file.safetensors"
                try TensorFile.write(tensors, metadata: ["names": names], to: path)
                let error = #expect(throws: CLIPError.self, "\(key)") { try ClassAnchors(path: path) }
                #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
            }
            try refused("names", { _ in }, names: "cat, dog")
            try refused("weight", { $0["weight"] = nil })
            try refused("bias", { $0["bias"] = try Tensor.zeros([3]) })
            try refused("deviation", { $0["deviation"] = try Tensor([Float.nan, 1, 1]) })
            try refused("range", { $0["range"] = try Tensor([Float(6), 0]) })
        }
    }

    /// A whole EfficientNet: its last layer's classes, named, give anchors and the image tower's projection.
    @Test func anAssemblyBeginsAtTheClassesNames() throws {
        try withTemporaryDirectory { folder in
            let classes = 7
            let json = """
                {"embed_dim": 16, "vision_cfg": {"timm_model_name": "tf_efficientnet_lite0", "timm_pool": "avg",
                  "timm_proj": "linear", "image_size": 32}, "text_cfg": {"context_length": 8, "vocab_size": 49408,
                  "width": 16, "heads": 2, "layers": 1}}
                """
            try Data(json.utf8).write(to: URL(fileURLWithPath: folder + "/model.json"))
            let shape = try ModelDirectory.readConfiguration(folder + "/model.json").0
            let donor = try withSeed(8) { try DualEncoder(shape) }
            let layout = ParameterLayout(vision: .efficientNetTimmTrunk, text: nil)
            var state = try StateTranslation(layout: layout).checkpointState(
                donor.state().filter { $0.key.hasPrefix("visual.") && !$0.key.hasPrefix("visual.head.") })
            state["classifier.weight"] = try withSeed(9) { try Tensor.normal([classes, 1280]) }
            state["classifier.bias"] = try Tensor.zeros([classes])
            try TensorFile.write(state, to: folder + "/network.safetensors")
            var assembly = ModelAssembly(configuration: folder + "/model.json")
            assembly.imageWeights = folder + "/network.safetensors"
            assembly.classes = ["cat", "dog", "car", "tree", "house", "fish", "bird"]
            let outcome = try withSeed(1) { try assembly.write(to: folder + "/made") }
            let anchors = try #require(outcome.anchors)
            #expect(anchors.names == assembly.classes && anchors.width == 1280)
            #expect(!outcome.drawn.contains { $0.hasPrefix("visual.head.") })
            let clip = try ModelCatalog.description(of: folder + "/made").loaded()
            let tower = try #require(clip.model.visual as? EfficientNet)
            let texts = try clip.vectors(texts: anchors.names)
            let own = try #require(tower.stateProjection).tensor.detached()
            let wanted = try anchors.projection(to: texts)
            try expectClose(own, wanted, tolerance: 1e-5)
            let pooled = try withSeed(4) { try Tensor.uniform([2, 1280]) }
            try expectClose(
                tower.embedding(ofState: pooled).detached(), pooled.productWithTransposed(wanted), tolerance: 1e-3)
            assembly.classes = ["cat"]
            let error = #expect(throws: CLIPError.self) { try withSeed(1) { try assembly.write(to: folder + "/none") } }
            #expect(error?.description.contains("7 classes") == true)
            assembly.imageWeights = nil
            #expect(throws: CLIPError.self) { try withSeed(1) { try assembly.write(to: folder + "/none") } }
            #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
        }
    }
}
