import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// When vectors may be compared: the same numbers in, whatever the file; nothing else.
@Suite struct SpaceTests {
    private func space(_ path: String, weights: String? = nil) throws -> EmbeddingSpace {
        try ModelCatalog.description(of: path).loaded(weights: weights).space(normalized: true)
    }

    @Test func theSameWeightsInAnyLayoutAreOneSpace() throws {
        try withTemporaryDirectory { folder in
            let original = try FixtureModel.root() + "/families/hf-clip"
            let description = try ModelCatalog.description(of: original)
            try ModelConversion.convert(description, to: .openCLIP, at: folder + "/open_clip")
            try ModelConversion.convert(description, to: .huggingFace, at: folder + "/huggingface")
            let tensors = try Checkpoint(path: folder + "/open_clip/open_clip_model.safetensors").tensors
            try TorchStateFile.write(
                Dictionary(uniqueKeysWithValues: tensors.map { ("module." + $0.key, $0.value) }),
                to: folder + "/epoch_1.pt")
            let spaces = [
                try space(original), try space(folder + "/huggingface"), try space(folder + "/open_clip"),
                try space(folder + "/open_clip", weights: folder + "/epoch_1.pt"),
                try space(original, weights: folder + "/epoch_1.pt"),
            ]
            for other in spaces.dropFirst() {
                #expect(other.differences(from: spaces[0]).isEmpty)
                #expect(other.fingerprint == spaces[0].fingerprint)
            }
            #expect(spaces[0].fingerprint.count == 32)
            // What they are called, and in which precision they are computed, is another matter.
            #expect(Set(spaces.map(\.model)).count > 1)
            let rounded = try description.loaded(precision: .bfloat16).space(normalized: true)
            #expect(rounded.fingerprint == spaces[0].fingerprint)
        }
    }

    private func vectors(of space: EmbeddingSpace, _ name: String) throws -> Embeddings {
        try Embeddings(
            vectors: .zeros([1, space.embeddingSize]), rows: [.init(.text, "a")], space: space, name: name)
    }

    /// Everything that changes numbers changes the fingerprint, and is named.
    @Test func everyDifferenceIsNamed() throws {
        try withTemporaryDirectory { folder in
            let original = try FamilyCopy("hf-clip", in: folder)
            let base = try space(original.path)
            func expect(_ names: [String], _ change: (FamilyCopy) throws -> EmbeddingSpace) throws {
                let copy = try FamilyCopy("hf-clip", in: folder + "/changed")
                let other = try change(copy)
                #expect(other.fingerprint != base.fingerprint, "\(names)")
                let found = other.differences(from: base).map { String($0.prefix { $0 != ":" }) }
                #expect(found == names)
                let error = #expect(throws: CLIPError.self) {
                    try vectors(of: base, "a.npy").requireSameSpace(as: vectors(of: other, "b.npy"))
                }
                for name in names { #expect(error?.description.contains(name) == true) }
                try FileManager.default.removeItem(atPath: copy.path)
            }
            try FileManager.default.createDirectory(atPath: folder + "/changed", withIntermediateDirectories: true)
            try expect(["image activation"]) {
                try $0.edit("config.json", inside: "vision_config") { $0["hidden_act"] = "gelu" }
                return try space($0.path)
            }
            try expect(["text activation"]) {
                try $0.edit("config.json", inside: "text_config") { $0["hidden_act"] = "gelu" }
                return try space($0.path)
            }
            try expect(["image heads"]) {
                try $0.edit("config.json", inside: "vision_config") { $0["num_attention_heads"] = 4 }
                return try space($0.path)
            }
            try expect(["text epsilon"]) {
                try $0.edit("config.json", inside: "text_config") { $0["layer_norm_eps"] = 1e-6 }
                return try space($0.path)
            }
            try expect(["text pooling"]) {
                try $0.edit("config.json", inside: "text_config") { $0["eos_token_id"] = 571 }
                return try space($0.path)
            }
            // One bit of one weight.
            try expect(["weights"]) {
                try $0.editWeights { tensors in
                    let name = "text_model.final_layer_norm.bias"
                    var values = try #require(tensors[name]).elements(Float.self)
                    values[3] = Float(bitPattern: values[3].bitPattern ^ 1)
                    tensors[name] = try Tensor(values)
                }
                return try space($0.path)
            }
            try expect(["picture resizing"]) {
                try $0.edit("preprocessor_config.json") { $0["size"] = ["height": 32, "width": 32] }
                return try space($0.path)
            }
            try expect(["picture interpolation"]) {
                try $0.edit("preprocessor_config.json") { $0["resample"] = 2 }
                return try space($0.path)
            }
            try expect(["picture mean"]) {
                try $0.edit("preprocessor_config.json") { $0["image_mean"] = [0.5, 0.5, 0.5] }
                return try space($0.path)
            }
            try expect(["tokenizer's vocabulary"]) {
                // Two ids exchanged.
                try $0.remove("tokenizer.json")
                try $0.edit("vocab.json") { object in (object["a"], object["b"]) = (object["b"], object["a"]) }
                return try space($0.path)
            }
            try expect(["context length", "weights"]) {
                try $0.description().resized(contextLength: 12).loaded().space(normalized: true)
            }
            try expect(["picture size", "weights"]) {
                try $0.description().resized(imageSize: 48).loaded().space(normalized: true)
            }
            try expect(["normalization"]) { try $0.description().loaded().space(normalized: false) }
        }
    }

    @Test func aSpaceGoesThroughJSONUnchanged() throws {
        for name in ["hf-clip", "hf-siglip", "hf-chinese-clip"] {
            let space = try space(FixtureModel.root() + "/families/" + name)
            let again = try JSONDecoder().decode(EmbeddingSpace.self, from: JSONEncoder().encode(space))
            #expect(again == space && again.fingerprint == space.fingerprint)
            #expect(again.differences(from: space).isEmpty)
        }
    }

    // MARK: Files

    private func written(in folder: String) throws -> String {
        let path = folder + "/vectors.npy"
        try Embeddings(
            vectors: Tensor((0..<40).map(Float.init), shape: [2, 20]),
            rows: [.init(.image, "a.png"), .init(.text, "a \"dog\" 狗")],
            space: space(FixtureModel.root() + "/families/hf-clip")
        ).write(to: path)
        return path
    }

    @Test func vectorsComeBackWithTheirDescription() throws {
        try withTemporaryDirectory { folder in
            let path = try written(in: folder)
            let file = try Embeddings(contentsOf: path)
            #expect(file.rows == [.init(.image, "a.png"), .init(.text, "a \"dog\" 狗")])
            #expect(try file.space == space(FixtureModel.root() + "/families/hf-clip"))
            #expect(try file.vectors.elements(Float.self) == (0..<40).map(Float.init))
            #expect(
                Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == ["vectors.npy", "vectors.npy.json"])
        }
    }

    private func refused(_ path: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: CLIPError.self, sourceLocation: sourceLocation) { try Embeddings(contentsOf: path) }
        #expect(
            error?.description.contains(words) == true, "\(String(describing: error))", sourceLocation: sourceLocation)
    }

    @Test func aDescriptionThatIsMissingOrChangedIsRefused() throws {
        try withTemporaryDirectory { folder in
            let path = try written(in: folder)
            let description = URL(fileURLWithPath: EmbeddingFile.descriptionPath(of: path))
            let original = try Data(contentsOf: description)
            func change(_ old: String, _ new: String) throws {
                let text = String(decoding: original, as: UTF8.self)
                try #require(text.contains(old))
                try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: description)
            }
            try change("\"quick_gelu\"", "\"gelu\"")
            refused(path, "its fingerprint is another")
            try change("\"normalized\" : true", "\"normalized\" : false")
            refused(path, "its fingerprint is another")
            try change("embeddings 1", "embeddings 2")
            refused(path, "no description of vectors")
            try change("\"a.png\"", "3")
            refused(path, "no description of vectors")
            for bad in ["", "{}", "[]", "null", String(repeating: "[", count: 100_000)] {
                try Data(bad.utf8).write(to: description)
                refused(path, "no description of vectors")
            }
            try original.write(to: description)
            // Other vectors under the same description.
            try NumPyFile.write(Tensor((1..<41).map(Float.init), shape: [2, 20]), to: path)
            refused(path, "these are not the vectors")
            try NumPyFile.write(Tensor((0..<60).map(Float.init), shape: [3, 20]), to: path)
            refused(path, "vectors of shape [3, 20]")
            try FileManager.default.removeItem(at: description)
            refused(path, "they cannot be compared safely")
        }
    }

    @Test func vectorsThatDoNotGoWithTheirRowsAreNotWritten() throws {
        try withTemporaryDirectory { folder in
            let space = try space(FixtureModel.root() + "/families/hf-clip")
            for shape in [[3, 20], [2, 19], [40]] {
                #expect(throws: CLIPError.self) {
                    try Embeddings(
                        vectors: .zeros(shape), rows: [.init(.text, "a"), .init(.text, "b")], space: space
                    ).write(to: folder + "/a.npy")
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func vectorsThatAreNotNumbersAreRefused() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/a.npy"
            try Embeddings(
                vectors: .full([1, 20], .nan), rows: [.init(.text, "a")],
                space: space(FixtureModel.root() + "/families/hf-clip")
            ).write(to: path)
            refused(path, "infinite or not numbers")
        }
    }
}

/// NumPy files that lie.
@Suite struct NumPyHeaderTests {
    private func file(
        _ header: String, data: Int, version: UInt8 = 1, length: Int? = nil, in folder: String
    ) throws -> String {
        let count = length ?? header.utf8.count
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0]
        bytes += (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        let path = folder + "/a.npy"
        try Data(bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data)).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func header(_ shape: String, _ type: String = "<f4", order: String = "False") -> String {
        "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }"
    }

    @Test func honestFilesAreRead() throws {
        try withTemporaryDirectory { folder in
            for version: UInt8 in [1, 2, 3] {
                let path = try file(header("(2, 3)"), data: 24, version: version, in: folder)
                #expect(try NumPyFile.read(path).shape == [2, 3])
            }
            #expect(try NumPyFile.read(file(header("(2, 3)", "<f2"), data: 12, in: folder)).dtype == .float32)
            #expect(try NumPyFile.read(file(header("(5,)"), data: 20, in: folder)).shape == [5])
            #expect(try NumPyFile.read(file(header("()"), data: 4, in: folder)).shape == [])
            #expect(try NumPyFile.read(file(header("(0, 3)"), data: 0, in: folder)).shape == [0, 3])
        }
    }

    @Test func hostileHeadersAreRefused() throws {
        let bad: [(String, Int)] = [
            (header("(2, 3)"), 23), (header("(2, 3)"), 25), (header("(2, 3)"), 0), (header("(2, -3)"), 24),
            (header("(4611686018427387904, 4)"), 16), (header("(9223372036854775807,)"), 4),
            (header("(99999999999999999999,)"), 4), (header("(0, 4611686018427387904, 4611686018427387904)"), 0),
            (header("(2, 3"), 24), (header("2, 3)"), 24), (header("(a, b)"), 24), (header("(1.5,)"), 6),
            (header("(\(String(repeating: "1, ", count: 65)))"), 4), (header("(2, 3)", ">f4"), 24),
            (header("(2, 3)", "<f8"), 48), (header("(1,)", "|O"), 8), (header("(2, 3)", order: "True"), 24),
            ("{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12), ("", 2),
            ("{}", 0),
        ]
        try withTemporaryDirectory { folder in
            for (text, data) in bad {
                let path = try file(text, data: data, in: folder)
                let error = #expect(throws: CLIPError.self, "\(text)") { try NumPyFile.read(path) }
                guard case .embeddingFile(path, _) = error else {
                    Issue.record("\(text): \(String(describing: error))")
                    continue
                }
            }
            for (version, length) in [(1 as UInt8, 65_535), (2, 0x7FFF_FFFF), (3, 0xFFFF_FFFF), (4, 10), (0, 10)] {
                let path = try file(header("(1,)"), data: 4, version: version, length: length, in: folder)
                #expect(throws: CLIPError.self, "\(version)") { try NumPyFile.read(path) }
            }
            for bytes in [[], [0x93], [0x93] + Array("NUMPY".utf8), [0x93] + Array("NUMPY".utf8) + [1, 0, 0]]
                as [[UInt8]]
            {
                try Data(bytes).write(to: URL(fileURLWithPath: folder + "/short.npy"))
                #expect(throws: CLIPError.self) { try NumPyFile.read(folder + "/short.npy") }
            }
            for path in [folder, folder + "/absent.npy"] {
                let error = #expect(throws: CLIPError.self) { try NumPyFile.read(path) }
                guard case .file = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
        }
    }
}
