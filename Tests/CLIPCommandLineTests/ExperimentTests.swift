import CLIPData
import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Experiments from files to curves.
@Suite struct ExperimentTests {
    private static func arguments(_ kind: String, _ folder: String, _ more: String...) -> [String] {
        ["experiment", kind, "--model", folder + "/tiny.json", "--train-data", folder + "/train-{0..1}.tar"]
            + ["--val-data", folder + "/val.tar", "--batch-size", "16", "--lr", "3e-3", "--warmup", "2"]
            + ["--threads", "1"] + more
    }

    private static func curves(_ folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/curves") {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/curves/\(name)"))
        }
        return files
    }

    @Test func threeObjectivesAreComparedAndFinishedCurvesKept() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let output = folder + "/efficiency"
            let all = Self.arguments("efficiency", folder, "--epochs", "3", "--evaluation-interval", "48", "--json")
            try clip(all + ["--objectives", "contrastive", "--output", output]).succeeded()
            let first = try Self.curves(output)
            #expect(first.keys.sorted() == ["contrastive-seed-0.json"])
            try clip(all + ["--output", output]).failed(64, output, "--resume")

            let outcome = try clip(all + ["--seeds", "0,3", "--resume", output]).succeeded()
            #expect(outcome.complaints.contains("contrastive seed 0: kept"))
            #expect(!outcome.complaints.contains("contrastive seed 0: 48 pictures"))
            #expect(outcome.complaints.contains("captions seed 3: 192 pictures"))
            let curves = try Self.curves(output)
            #expect(curves.count == 6 && curves["contrastive-seed-0.json"] == first["contrastive-seed-0.json"])

            let document = try outcome.json()
            #expect(document["experiment"] as? String == "efficiency")
            let comparison = try #require(document["comparison"] as? [String: Any])
            #expect(comparison["categories"] as? Int == 4 && comparison["held_out_pictures"] as? Int == 16)
            let arms = try #require(comparison["arms"] as? [[String: Any]])
            #expect(arms.count == 3)
            for arm in arms {
                let points = try #require(arm["points"] as? [[String: Any]])
                #expect(points.compactMap { $0["pictures"] as? Int } == [48, 80, 96, 144, 192])
                #expect(points.allSatisfy { (0...1).contains($0["accuracy"] as? Double ?? -1) })
                let losses = points.compactMap { $0["loss"] as? Double }
                #expect(try #require(losses.last) < losses[0], "\(losses)")
            }
            let svg = try String(contentsOfFile: output + "/efficiency.svg", encoding: .utf8)
            #expect(svg.hasPrefix("<svg") && svg.contains("Contrastive (CLIP)"))
            let page = try String(contentsOfFile: output + "/efficiency.html", encoding: .utf8)
            for words in ["<svg", "Bag of words prediction", "Transformer language model", "chance", "clip experiment"]
            {
                #expect(page.contains(words), "no \(words)")
            }
            #expect(XMLParser(data: Data(page.replacingOccurrences(of: "<!DOCTYPE html>", with: "").utf8)).parse())

            // Other settings belong to another experiment.
            let other = all.map { $0 == "3e-3" ? "1e-3" : $0 } + ["--resume", output]
            try clip(other).failed(65, "contrastive-seed-0.json", "other settings")
            _ = try Fixture.write("{}".utf8, to: output + "/curves/words-seed-0.json")
            try clip(all + ["--resume", output]).failed(65, "words-seed-0.json", "remove it")
        }
    }

    @Test func oneThingIsChangedAtATime() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let output = folder + "/ablation"
            let arguments = Self.arguments(
                "ablation", folder, "--steps", "4", "--evaluation-interval", "32", "--output", output)
            let outcome = try clip(arguments).succeeded()
            #expect(outcome.text.contains("MLP projection") && outcome.text.contains("fixed temperature"))
            #expect(outcome.text.contains("page: \(output)/ablation.html"))
            let curves = try Self.curves(output)
            #expect(
                curves.keys.sorted() == [
                    "batch-4-seed-0.json", "batch-64-seed-0.json", "contrastive-seed-0.json",
                    "fixed-temperature-seed-0.json", "mlp-projection-seed-0.json",
                ])
            struct Curve: Decodable {
                struct Point: Decodable { let loss: Double }
                let points: [Point]
                let parameters: Int
            }
            func curve(_ name: String) throws -> Curve {
                try JSONDecoder().decode(Curve.self, from: #require(curves["\(name)-seed-0.json"]))
            }
            let base = try curve("contrastive")
            #expect(try curve("fixed-temperature").points.last?.loss != base.points.last?.loss)
            #expect(try curve("mlp-projection").parameters > base.parameters)
            // A batch of four is easier to guess in than one of 64.
            let (few, many) = (try curve("batch-4").points[0].loss, try curve("batch-64").points[0].loss)
            #expect(few < 0.75 * many, "\(few) and \(many)")
        }
    }

    @Test(arguments: [
        ["--objectives", "contrastive,songs"], ["--objectives", ""], ["--objectives", "words,words"],
        ["--seeds", "-1"], ["--seeds", "1,1"], ["--seeds", "1,"], ["--batch-size", "0"],
        ["--steps", "1", "--epochs", "1"], ["--evaluation-interval", "0"], ["--resume", "b"],
    ])
    func wrongOptionsAreRefused(_ more: [String]) throws {
        try clip(["experiment", "efficiency", "--train-data", "a", "--val-data", "b", "--output", "c"] + more).failed(
            64)
    }

    @Test(arguments: [["--ablate", "weather"], ["--batch-sizes", "0"], ["--batch-sizes", "8,8"]])
    func wrongAblationsAreRefused(_ more: [String]) throws {
        try clip(["experiment", "ablation", "--train-data", "a", "--val-data", "b", "--output", "c"] + more).failed(64)
    }

    @Test func whatCannotBeComparedIsRefused() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let output = folder + "/out"
            func run(_ more: String...) throws -> ClipProcess.Outcome {
                try clip(Self.arguments("efficiency", folder, "--steps", "2") + more)
            }
            try run("--output", output, "--template", "a shape").failed(64, "{}")
            try run("--output", output, "--batch-size", "128").failed(64, "fewer usable pairs")
            try run("--resume", folder + "/none").failed(66, "none")
            // Pictures that name one category leave nothing to choose.
            let square = try ShapePairs.make(variants: 0..<1).filter { $0.shape == "square" }
            try ShapePairs.writeShard(square, to: folder + "/one.tar")
            try run("--output", folder + "/second", "--val-data", folder + "/one.tar").failed(64, "1 categories")
        }
    }

    @Test(arguments: ["efficiency", "ablation"]) func helpHasAnExample(_ kind: String) throws {
        #expect(try clip("experiment", kind, "--help").succeeded().text.contains("Example: clip experiment \(kind)"))
    }
}
