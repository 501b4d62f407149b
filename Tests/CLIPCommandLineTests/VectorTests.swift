import CLIP
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

/// Commands that give numbers: embed, preprocess, tokenize, models.
@Suite struct VectorTests {
    private let texts = ["a dog", "雪山", "a dog"]
    private let images = [Fixture.photo, Fixture.picture("wide.png")]

    private var inputs: [String] {
        texts.flatMap { ["--text", $0] } + images.flatMap { ["--image", $0] } + Fixture.options
    }

    private func expected(normalized: Bool) throws -> [Double] {
        let model = try Fixture.pretrained()
        let pictures = try images.map { try Picture.read(path: $0) }
        return try model.vectors(pictures: pictures, normalized: normalized).elements(Double.self)
            + model.vectors(texts: texts, normalized: normalized).elements(Double.self)
    }

    @Test func aTextTowerAloneEmbedsTextsAndRefusesPictures() throws {
        let model = ["--model", Fixture.family("lone-text"), "--threads", "1"]
        let document = try clip(["embed", "--text", "a dog", "--json"] + model).succeeded().json()
        let caption = try #require((document["texts"] as? [[String: Any]])?.first)
        #expect((caption["embedding"] as? [Double])?.count == 12)
        for arguments in [
            ["embed", "--image", Fixture.photo, "--json"],
            ["rank", Fixture.photo, "--caption", "a dog"],
            ["classify", Fixture.photo, "--labels", "dog,cat"],
        ] {
            let outcome = try clip(arguments + model)
            #expect(outcome.status == 64, "\(arguments)")
            #expect(
                outcome.complaints.components(separatedBy: "text tower alone").count == 2, "\(outcome.complaints)")
        }
    }

    @Test func aFileAndADocumentHoldTheSameVectors() throws {
        try withTemporaryDirectory { folder in
            let file = folder + "/vectors.npy"
            let document = try clip(["embed", "--output", file, "--json"] + inputs).succeeded().json()
            #expect(Set(document.keys) == ["model", "precision", "images", "texts"])
            #expect(document["model"] as? String == Fixture.model)
            let pictures = try #require(document["images"] as? [[String: Any]])
            let captions = try #require(document["texts"] as? [[String: Any]])
            #expect(pictures.map { $0["image"] as? String } == images)
            #expect(captions.map { $0["text"] as? String } == texts)
            let listed = try (pictures + captions).flatMap { try #require($0["embedding"] as? [Double]) }
            let array = try NumPyArray(file)
            #expect(array.shape == [5, 12])
            expectNear(listed, array.values.map(Double.init), 1e-7)
            expectNear(listed, try expected(normalized: true), 1e-5)
            for row in 0..<5 {
                expectNear([array.values[row * 12..<row * 12 + 12].map { Double($0 * $0) }.reduce(0, +)], [1], 1e-5)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "vectors.npy", "vectors.npy.json",
                ])
        }
    }

    @Test func vectorsCanKeepTheirLength() throws {
        try withTemporaryDirectory { folder in
            let file = folder + "/vectors.npy"
            let outcome = try clip(["embed", "--output", file, "--no-normalize"] + inputs).succeeded()
            #expect(outcome.output.isEmpty)
            expectNear(try NumPyArray(file).values.map(Double.init), try expected(normalized: false), 1e-4)
        }
    }

    /// What looks like an option, and nothing at all, are texts like others.
    @Test func anyTextCanBeGiven() throws {
        let odd = ["--text=", "--text", "-5 degrees", "--text", "--json", "--text=--threads=", "--json"]
        let document = try clip(["embed"] + odd + Fixture.options).succeeded().json()
        let captions = try #require(document["texts"] as? [[String: Any]])
        #expect(captions.map { $0["text"] as? String } == ["", "-5 degrees", "--json", "--threads="])
    }

    @Test func listsComeFromFiles() throws {
        try withTemporaryDirectory { folder in
            let words = try Fixture.write(texts.joined(separator: "\n").utf8, to: folder + "/texts.txt")
            let paths = try Fixture.write(images.joined(separator: "\n").utf8, to: folder + "/images.txt")
            let given = ["embed", "--texts-file", words, "--images-file", paths, "--json"]
            let listed = try clip(given + Fixture.options).succeeded()
            #expect(try listed.output == clip(["embed", "--json"] + inputs).succeeded().output)
        }
    }

    @Test func aLongTextIsCutWithAWarning() throws {
        let long = Array(repeating: "very", count: 100).joined(separator: " ")
        let outcome = try clip(["embed", "--text", long, "--json"] + Fixture.options).succeeded()
        #expect(outcome.complaints.contains("clip: warning: text \"very very"))
        #expect(outcome.complaints.contains("102 tokens"))
        let document = try outcome.json()
        #expect(Set(document.keys) == ["images", "model", "precision", "texts", "truncated"])
        let truncated = try #require(document["truncated"] as? [String: Any])
        #expect(truncated["texts"] as? Int == 1 && truncated["of"] as? Int == 1)
        #expect(truncated["longest_tokens"] as? Int == 102 && truncated["lost_tokens"] as? Int == 25)
        #expect(truncated["longest"] as? String == long && truncated["context_length"] as? Int == 77)
    }

    @Test func manyLongTextsAreCountedInOneWarning() throws {
        let long = Array(repeating: "very", count: 100).joined(separator: " ")
        let outcome = try clip(
            ["embed", "--text", "short", "--text", long, "--text", long + " longer", "--json"] + Fixture.options
        ).succeeded()
        #expect(outcome.complaints.split(separator: "\n").count == 1)
        #expect(outcome.complaints.contains("2 of 3 texts") && outcome.complaints.contains("51 tokens are lost"))
    }

    @Test func picturesAreWrittenAsTheTowerTakesThem() throws {
        try withTemporaryDirectory { folder in
            let file = folder + "/pictures.npy"
            let document = try clip(["preprocess", "--output", file, "--json"] + images + Fixture.options)
                .succeeded().json()
            #expect(document["shape"] as? [Int] == [2, 3, 36, 36])
            #expect(document["output"] as? String == file && document.count == 2)
            let array = try NumPyArray(file)
            #expect(array.shape == [2, 3, 36, 36])
            let preprocessor = try Fixture.pretrained().preprocessor
            let expected = try preprocessor(images.map { try Picture.read(path: $0) })
            expectNear(array.values.map(Double.init), try expected.elements(Double.self), 1e-6)
        }
    }

    @Test func tokensArePaddedToTheContextLength() throws {
        let document = try clip(["tokenize", "a dog", "雪", "", "--json"] + Fixture.named).succeeded().json()
        #expect(Set(document.keys) == ["context_length", "tokens"])
        #expect(document["context_length"] as? Int == 77)
        let rows = try #require(document["tokens"] as? [[Int]])
        #expect(rows.map(\.count) == [77, 77, 77])
        #expect(rows[0] == [49406, 320, 1929, 49407] + [Int](repeating: 0, count: 73))
        #expect(rows[2].prefix(3) == [49406, 49407, 0])
        let plain = try clip(["tokenize", "a dog"] + Fixture.named).succeeded()
        #expect(plain.text == "49406 320 1929 49407\n")
        #expect(try clip("tokenize", "a dog", "--model", "ViT-B-32").succeeded().output == plain.output)
    }

    @Test func modelsAreListed() throws {
        let document = try clip("models", "--json").succeeded().json()
        let models = try #require(document["models"] as? [[String: Any]])
        #expect(document.count == 1)
        for model in models {
            #expect(Set(model.keys) == ["name", "parameters", "resolution", "embedding_size", "has_weights"])
        }
        let base = try #require(models.first { $0["name"] as? String == "ViT-B-32" })
        #expect(base["parameters"] as? Int == 151_277_313)
        #expect(base["resolution"] as? Int == 224 && base["embedding_size"] as? Int == 512)
        #expect(base["has_weights"] as? Bool == false)
        #expect(try clip("models").succeeded().text.contains("ViT-L-14-336"))
    }
}
