import CLIP
import Foundation
import Imaging
import TestSupport
import Testing

/// What classify and rank answer, beside what the library does.
@Suite struct AnswerTests {
    struct Choice {
        let text: String
        let score: Double
        let similarity: Double
    }

    private func choices(_ outcome: ClipProcess.Outcome, _ list: String, _ name: String) throws -> [(String, [Choice])]
    {
        let document = try outcome.json()
        #expect(Set(document.keys) == ["model", "precision", "results"])
        #expect(document["model"] as? String == Fixture.model)
        return try #require(document["results"] as? [[String: Any]]).map { result in
            #expect(Set(result.keys) == ["image", list])
            let entries = try #require(result[list] as? [[String: Any]])
            return (
                try #require(result["image"] as? String),
                try entries.map { entry in
                    #expect(Set(entry.keys) == [name, "score", "similarity"])
                    return Choice(
                        text: try #require(entry[name] as? String), score: try #require(entry["score"] as? Double),
                        similarity: try #require(entry["similarity"] as? Double))
                }
            )
        }
    }

    private func classify(_ images: [String], _ arguments: String...) throws -> [(String, [Choice])] {
        try choices(
            clip(["classify"] + images + arguments + Fixture.options + ["--json"]).succeeded(), "labels", "label")
    }

    /// The library's own answer.
    private func expected(_ image: String, _ labels: [String], _ templates: [String] = ["{}"]) throws -> [ScoredChoice]
    {
        let model = try Fixture.pretrained()
        let classifier = try ZeroShotClassifier(
            model, labels: labels, templates: templates.map { try PromptTemplate($0) })
        return try classifier.rank(model.vectors(pictures: [Picture.read(path: image)]))[0]
    }

    private func expectSame(_ found: [Choice], _ expected: [ScoredChoice], tolerance: Double = 1e-5) {
        #expect(found.map(\.text) == expected.map(\.label))
        expectNear(found.map(\.score), expected.map(\.score), tolerance)
        expectNear(found.map(\.similarity), expected.map(\.similarity), tolerance)
    }

    @Test func labelsAreSortedAndScoresAddUp() throws {
        let labels = ["cat", "dog", "a red car", "雪山", "日落"]
        let images = [Fixture.photo, Fixture.picture("wide.png"), Fixture.picture("tall.png")]
        let results = try classify(images, "--labels", "cat, dog ,a red car，雪山,日落")
        #expect(results.map(\.0) == images)
        for (image, found) in results {
            expectSame(found, try expected(image, labels))
            #expect(found.map(\.similarity) == found.map(\.similarity).sorted(by: >))
            expectNear([found.map(\.score).reduce(0, +)], [1], 1e-5)
        }
    }

    @Test func templatesAreEnsembled() throws {
        let templates = ["a photo of a {}", "一张{}的照片", "{} and {}"]
        let arguments = templates.flatMap { ["--template", $0] }
        let found = try choices(
            clip(["classify", Fixture.photo, "--labels", "猫，狗"] + arguments + Fixture.options + ["--json"]).succeeded(),
            "labels", "label")
        expectSame(found[0].1, try expected(Fixture.photo, ["猫", "狗"], templates))
    }

    @Test func labelsComeFromAFileToo() throws {
        try withTemporaryDirectory { folder in
            let file = try Fixture.write("\u{FEFF}dog, in snow\r\n\n  bird \n".utf8, to: folder + "/labels.txt")
            let found = try classify([Fixture.photo], "--labels", "cat", "--labels-file", file)
            expectSame(found[0].1, try expected(Fixture.photo, ["cat", "dog, in snow", "bird"]))
        }
    }

    @Test func aLabelGivenTwiceIsAnsweredTwice() throws {
        let found = try classify([Fixture.photo], "--labels", "cat,dog,cat")[0].1
        let cats = found.filter { $0.text == "cat" }
        #expect(found.count == 3 && cats.count == 2)
        expectNear([cats[0].score], [cats[1].score], 1e-7)
        let pictures = try classify([Fixture.photo, Fixture.photo], "--labels", "cat,dog")
        expectNear(pictures[0].1.map(\.score), pictures[1].1.map(\.score), 1e-7)
    }

    @Test func halfPrecisionIsClose() throws {
        let labels = "cat,dog,bird"
        let exact = try classify([Fixture.photo], "--labels", labels)[0].1
        let rough = try classify([Fixture.photo], "--labels", labels, "--precision", "bf16")[0].1
        let similarities = Dictionary(uniqueKeysWithValues: rough.map { ($0.text, $0.similarity) })
        expectNear(try exact.map { try #require(similarities[$0.text]) }, exact.map(\.similarity), 0.03)
        #expect(exact.map(\.similarity) != rough.map(\.similarity))
    }

    @Test func captionsAreRanked() throws {
        try withTemporaryDirectory { folder in
            let file = try Fixture.write("a mountain, in the evening\n海滩\n".utf8, to: folder + "/captions.txt")
            let results = try choices(
                clip(
                    ["rank", Fixture.photo, "--caption", "a sunny beach", "--captions-file", file, "--json"]
                        + Fixture.options
                ).succeeded(), "captions", "caption")
            #expect(results.count == 1 && results[0].0 == Fixture.photo)
            expectSame(
                results[0].1, try expected(Fixture.photo, ["a sunny beach", "a mountain, in the evening", "海滩"]))
        }
    }

    @Test func peopleGetATable() throws {
        let table = try clip(["classify", Fixture.photo, "--labels", "cat,狗"] + Fixture.options).succeeded()
        let lines = table.text.split(separator: "\n")
        #expect(lines.count == 3 && lines[0] == Fixture.photo)
        #expect(lines.dropFirst().allSatisfy { $0.contains(" %  ") } && lines[1].contains("█"))
        #expect(table.complaints.isEmpty)
        let ranking = try clip(["rank", Fixture.photo, "--caption", "a", "--caption", "b"] + Fixture.options)
            .succeeded()
        #expect(ranking.text.split(separator: "\n").count == 3)
    }
}
