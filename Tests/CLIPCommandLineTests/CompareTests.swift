import CLIP
import Foundation
import TestSupport
import Testing

/// Vectors on disk, and when they may meet.
@Suite struct CompareTests {
    private func embed(_ arguments: [String], model: String = "hf-clip", to path: String) throws {
        try clip(["embed", "--output", path, "--model", Fixture.family(model), "--threads", "1"] + arguments)
            .succeeded()
    }

    @Test func vectorsAreWrittenWithTheirDescription() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/a.npy"
            try embed(["--image", Fixture.photo, "--text", "a dog", "--text", "狗"], to: path)
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == ["a.npy", "a.npy.json"])
            #expect(try NumPyArray(path).shape == [3, 20])
            let data = try Data(contentsOf: URL(fileURLWithPath: path + ".json"))
            let document = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(Set(document.keys) == ["format", "fingerprint", "vectors", "space", "rows"])
            let rows = try #require(document["rows"] as? [[String: String]])
            #expect(rows.map { $0["kind"] } == ["image", "text", "text"])
            #expect(rows.map { $0["name"] } == [Fixture.photo, "a dog", "狗"])
            let clip = try ModelCatalog.description(of: Fixture.family("hf-clip")).loaded()
            #expect(document["fingerprint"] as? String == (try clip.space(normalized: true).fingerprint))
            let found = try Embeddings(contentsOf: path).vectors.elements(Double.self)
            let expected = try clip.vectors(texts: ["a dog", "狗"]).elements(Double.self)
            expectNear(Array(found.suffix(40)), expected, 1e-6)
        }
    }

    @Test func theNearestAreFound() throws {
        try withTemporaryDirectory { folder in
            let (queries, vectors) = (folder + "/q.npy", folder + "/v.npy")
            try embed(["--text", "a dog", "--text", "a cat"], to: queries)
            try embed(["--text", "a cat", "--text", "a bird", "--text", "a dog"], to: vectors)
            let document = try clip("compare", queries, vectors, "--top", "2", "--json").succeeded().json()
            let results = try #require(document["results"] as? [[String: Any]])
            #expect(results.map { $0["name"] as? String } == ["a dog", "a cat"])
            for result in results {
                let neighbors = try #require(result["neighbors"] as? [[String: Any]])
                #expect(neighbors.count == 2)
                #expect(neighbors[0]["name"] as? String == result["name"] as? String)
                expectNear([try #require(neighbors[0]["similarity"] as? Double)], [1], 1e-5)
            }
            let text = try clip("compare", queries, vectors).succeeded().text
            #expect(text.hasPrefix("a dog\n  1.0000  a dog\n"))
        }
    }

    /// The same model in another project's files is the same space.
    @Test func aConvertedModelsVectorsMayMeetItsOwn() throws {
        try withTemporaryDirectory { folder in
            try clip(
                "convert", "--model", Fixture.family("hf-clip"), "--to", "open_clip", "--output", folder + "/there"
            )
            .succeeded()
            try embed(["--text", "a dog"], to: folder + "/a.npy")
            try clip("embed", "--output", folder + "/b.npy", "--model", folder + "/there", "--text", "a dog")
                .succeeded()
            #expect(try clip("compare", folder + "/a.npy", folder + "/b.npy").succeeded().text.contains("1.0000"))
        }
    }

    @Test func vectorsOfOtherSpacesAreRefusedByWhatDiffers() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/a.npy"
            try embed(["--text", "a dog"], to: path)
            func refuse(_ name: String, _ arguments: [String], model: String = "hf-clip", _ words: String) throws {
                let other = folder + "/" + name + ".npy"
                try embed(["--text", "a dog"] + arguments, model: model, to: other)
                try clip("compare", path, other).failed(65, path, other, words)
                try clip("compare", other, path, "--json").failed(65, words)
            }
            try refuse("plain", ["--no-normalize"], "normalization")
            try refuse("size", ["--resolution", "48"], "picture size")
            try refuse("length", ["--context-length", "12"], "context length")
            try refuse("eos", [], model: "hf-clip-eos", "weights")
            try refuse("siglip", [], model: "hf-siglip", "embedding size")
        }
    }

    @Test func descriptionsThatAreMissingOrChangedAreRefused() throws {
        try withTemporaryDirectory { folder in
            let (left, right) = (folder + "/a.npy", folder + "/b.npy")
            for path in [left, right] { try embed(["--text", "a dog"], to: path) }
            let description = URL(fileURLWithPath: right + ".json")
            let text = String(decoding: try Data(contentsOf: description), as: UTF8.self)
            try Data(text.replacingOccurrences(of: "quick_gelu", with: "gelu").utf8).write(to: description)
            try clip("compare", left, right).failed(65, "fingerprint")
            try FileManager.default.removeItem(at: description)
            try clip("compare", left, right).failed(66, "b.npy.json", "clip embed")
            try clip("compare", left, folder + "/absent.npy").failed(66, "absent.npy")
            try clip("compare", left, Fixture.photo).failed(65, "not a NumPy file")
            #expect(try clip("compare", left, left, "--top", "0").status == 64)
        }
    }

    @Test func aTextThatIsCutIsReported() throws {
        try withTemporaryDirectory { folder in
            let long = String(repeating: "a dog ", count: 20)
            for name in ["hf-clip", "hf-siglip", "hf-siglip2"] {
                let outcome = try clip(
                    "embed", "--text", "a", "--text", long, "--output", folder + "/a.npy", "--model",
                    Fixture.family(name)
                ).succeeded()
                let warnings = outcome.complaints.split(separator: "\n").filter {
                    $0.contains("only the first 16 are read")
                }
                #expect(warnings.count == 1, "\(name): \(outcome.complaints)")
            }
        }
    }
}
