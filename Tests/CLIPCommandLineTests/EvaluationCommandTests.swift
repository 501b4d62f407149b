import Foundation
import Imaging
import TestSupport
import Testing

/// The commands of "clip evaluate", as people and scripts use them.
@Suite struct EvaluationCommandTests {
    /// Class folders of two splits, with pictures that differ.
    private func makeSet(_ folder: String) throws -> String {
        let root = folder + "/set"
        for (split, count) in [("train", 8), ("test", 4)] {
            for (label, name) in ["cat", "dog", "hen"].enumerated() {
                let classFolder = "\(root)/\(split)/\(name)"
                try FileManager.default.createDirectory(atPath: classFolder, withIntermediateDirectories: true)
                for place in 0..<count {
                    let pixels = (0..<16 * 16).flatMap { pixel -> [UInt8] in
                        let isOn = (pixel / 16 + place) % (label + 2) == 0
                        return isOn ? [UInt8(30 * place), UInt8(90 * label), 200] : [250, 240, UInt8(20 * place)]
                    }
                    let picture = try Picture(width: 16, height: 16, pixels: pixels)
                    try picture.encoded(as: .png(compression: 6)).write(
                        to: URL(fileURLWithPath: "\(classFolder)/\(place).png"))
                }
            }
        }
        return root
    }

    private func measured(_ arguments: [String], cache: String? = nil) throws -> [String: Any] {
        let all = ["evaluate"] + arguments + Fixture.options + ["--json"] + (cache == nil ? ["--no-cache"] : [])
        let document = try clip(all, environment: cache.map { ["CLIP_CACHE": $0] } ?? [:]).succeeded().json()
        #expect(Set(document.keys) == ["model", "data", "results"])
        return try #require(document["results"] as? [String: Any])
    }

    private func interval(_ value: Any?) throws -> (value: Double, low: Double, high: Double) {
        let figures = try #require(value as? [String: Any])
        let found = (
            try #require(figures["value"] as? Double), try #require(figures["low"] as? Double),
            try #require(figures["high"] as? Double)
        )
        #expect(found.1 <= found.0 && found.0 <= found.2 && figures["method"] is String)
        return found
    }

    @Test func classesAreMeasuredByNames() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let results = try measured([
                "zero-shot", "--data", set, "--template", "a {}", "--template", "a picture of a {}",
            ])
            let top1 = try interval(results["top1"])
            _ = try interval(results["mean_per_class_recall"])
            #expect(results["count"] as? Int == 12 && (results["steps"] as? [Any])?.count == 3)
            #expect((results["confusion"] as? [[Int]])?.flatMap { $0 }.reduce(0, +) == 12)
            // The same figure as "clip evaluate --data" gives.
            let plain = try clip(
                [
                    "evaluate", "--data", set + "/test", "--template", "a {}", "--template", "a picture of a {}",
                    "--json",
                ]
                    + Fixture.options
            ).succeeded().json()
            let accuracy = (plain["zero_shot"] as? [String: Any])?["accuracy"] as? Double
            #expect(abs((accuracy ?? 0) - top1.value) < 1e-5)
        }
    }

    @Test func probesLearnAndAreUsed() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let head = folder + "/head.safetensors"
            let results = try measured(["probe", "--data", set, "--baseline", "--save", head])
            #expect(try interval(results["accuracy"]).value > 0.4)
            #expect(results["train_count"] as? Int == 24 && results["pixels"] is [String: Any])
            #expect(results["zero_shot"] is [String: Any])
            let answer = try clip(
                ["classify", set + "/test/cat/0.png", "--head", head, "--json"] + Fixture.options
            ).succeeded().json()
            let labels = ((answer["results"] as? [[String: Any]])?[0]["labels"] as? [[String: Any]]) ?? []
            #expect(Set(labels.compactMap { $0["label"] as? String }) == ["cat", "dog", "hen"])
            #expect(abs(labels.compactMap { $0["score"] as? Double }.reduce(0, +) - 1) < 1e-4)
            try clip("classify", Fixture.photo, "--head", head, "--labels", "a,b").failed(
                64, "--head has its own classes")
            try clip("classify", Fixture.photo, "--head", head, "--model", "pictures").failed(65, "the head")
        }
    }

    @Test func fewShotsAreDrawnAndPlotted() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let plot = folder + "/plot.svg"
            let results = try measured([
                "few-shot", "--data", set, "--shots", "1,4", "--draws", "2", "--plot", plot,
            ])
            #expect((results["steps"] as? [Any])?.count == 2 && results["zero_shot"] is [String: Any])
            #expect(try String(contentsOfFile: plot, encoding: .utf8).contains("<svg"))
            try clip(["evaluate", "few-shot", "--data", set, "--shots", "64", "--no-cache"] + Fixture.options)
                .failed(65, "class \"cat\" has 8 samples, and 64 are to be drawn")
            try clip("evaluate", "few-shot", "--data", set, "--shots", "0").failed(64, "--shots")
        }
    }

    @Test func shiftsAndCorruptionsAreMeasured() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let results = try measured([
                "robustness", "--data", set, "--shift", set + "/train", "--corruptions", "contrast,gaussian_noise",
                "--severities", "1,5", "--sample", "6",
            ])
            #expect((results["shifts"] as? [Any])?.count == 1 && (results["corruptions"] as? [Any])?.count == 2)
            _ = try interval(results["reference"])
            try clip("evaluate", "robustness", "--data", set).failed(64, "--shift")
            try clip("evaluate", "robustness", "--data", set, "--corruptions", "rain").failed(
                64, "no corruption \"rain\"")
        }
    }

    @Test func confidencesAreFittedAndHeeded() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let file = folder + "/calibration.json"
            let results = try measured([
                "calibrate", "--data", set, "--validation-split", "train", "--false-acceptance", "0.2", "--save", file,
            ])
            #expect(results["before"] is [String: Any] && results["threshold"] is [String: Any])
            let asked = ["classify", set + "/test/cat/0.png", "--labels", "cat,dog,hen"] + Fixture.options
            let plain = try clip(asked + ["--json"]).succeeded().json()
            let fitted = try clip(asked + ["--calibration", file, "--none", "--json"]).succeeded().json()
            func first(_ document: [String: Any]) -> [String: Any] {
                (document["results"] as? [[String: Any]])?[0] ?? [:]
            }
            #expect(first(fitted)["none"] is Bool && fitted["false_acceptance"] as? Double == 0.2)
            #expect(first(plain)["none"] == nil && plain["false_acceptance"] == nil)
            func order(_ document: [String: Any]) -> [String] {
                (first(document)["labels"] as? [[String: Any]])?.compactMap { $0["label"] as? String } ?? []
            }
            #expect(order(plain) == order(fitted) && order(plain).count == 3)
            try clip(asked + ["--none"]).failed(66, "calibration.json")
            try clip("classify", Fixture.photo, "--labels", "a,b", "--model", "pictures", "--calibration", file)
                .failed(65, "was made for another model")
        }
    }

    @Test func overlapAndWeaknessAreTold() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let results = try measured(["overlap", "--data", set, "--train-data", set])
            let report = try #require(results["report"] as? [String: Any])
            #expect(report["all"] is [String: Any] && results["training_count"] as? Int == 24)
            let weak = try measured(["weakness", "--count", "12", "--data", set, "--sample", "6"])
            #expect((weak["probes"] as? [Any])?.count == 5 && (weak["resolutions"] as? [Any])?.count == 6)
        }
    }

    @Test func aSecondLookEncodesNothingAndTheCacheIsCleared() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let cache = folder + "/cache"
            let first = try measured(["zero-shot", "--data", set], cache: cache)
            let times = try FileManager.default.contentsOfDirectory(atPath: cache).sorted()
            let second = try measured(["zero-shot", "--data", set], cache: cache)
            #expect(first["confusion"] as? [[Int]] == second["confusion"] as? [[Int]])
            #expect(try FileManager.default.contentsOfDirectory(atPath: cache).sorted() == times)
            let list = try clip(["cache", "--json"], environment: ["CLIP_CACHE": cache]).succeeded().json()
            #expect((list["entries"] as? [Any])?.count == 2 && list["folder"] as? String == cache)
            try clip(["cache", "clear"], environment: ["CLIP_CACHE": cache]).succeeded()
            #expect(try FileManager.default.contentsOfDirectory(atPath: cache).isEmpty)
        }
    }

    @Test func classNamesAreKeptListedAndCleared() throws {
        try withTemporaryDirectory { folder in
            let cache = folder + "/cache"
            func run(_ arguments: [String], cache: String = cache) throws -> ClipProcess.Outcome {
                try clip(arguments, environment: ["CLIP_CACHE": cache])
            }
            func entries() throws -> [[String: Any]] {
                try #require(try run(["cache", "list", "--json"]).succeeded().json()["entries"] as? [[String: Any]])
            }
            let classify = ["classify", Fixture.photo, "--labels", "cat,dog", "--template", "a {}", "--json"]
            let plain = try run(classify + Fixture.options + ["--no-cache"]).succeeded()
            #expect(try entries().isEmpty)
            for _ in 0..<2 {
                let kept = try run(classify + Fixture.options).succeeded()
                #expect(kept.output == plain.output && kept.complaints.isEmpty, "\(kept.complaints)")
            }
            try run(
                ["page", Fixture.photo, "--labels", "cat,dog", "--template", "a {}", "--output", folder + "/a.html"]
                    + Fixture.options
            )
            .succeeded()
            let kept = try entries()
            #expect(kept.count == 1)
            let description = try #require(kept.first?["description"] as? String)
            #expect(description.hasPrefix("2 class names × 1 prompt by \(Fixture.model) in "))
            try run(["rank", Fixture.photo, "--caption", "a cat"] + Fixture.options).succeeded()
            #expect(try run(["cache"]).succeeded().text.contains("1 caption by"))
            try run(["cache", "clear"]).succeeded()
            #expect(try entries().isEmpty)
            // Where nothing can be kept, that is said once, and the answer is the same.
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            let full = try run(classify + Fixture.options, cache: folder + "/file/cache").succeeded()
            #expect(full.output == plain.output)
            #expect(full.complaints.split(separator: "\n").count == 1 && full.complaints.contains("--no-cache"))
        }
    }

    @Test func aSuiteIsRunComparedAndGoneOnWith() throws {
        try withTemporaryDirectory { folder in
            _ = try makeSet(folder)
            let suite = """
                title: Small
                evaluations:
                  - {task: zero-shot, data: set}
                  - {task: probe, data: set}
                """
            try Data(suite.utf8).write(to: URL(fileURLWithPath: folder + "/suite.yaml"))
            func run(_ model: String, _ out: String) throws -> ClipProcess.Outcome {
                try clip(
                    "evaluate", folder + "/suite.yaml", "--output", folder + "/" + out, "--no-cache", "--model", model,
                    "--threads", "1", "--json"
                ).succeeded()
            }
            let document = try run(Fixture.model, "a").json()
            #expect((document["entries"] as? [Any])?.count == 2)
            let again = try run(Fixture.model, "a")
            #expect(again.complaints.contains("there already"))
            _ = try run("pictures", "b")
            let page = folder + "/comparison.html"
            let compared = try clip(
                "evaluate", "compare", folder + "/a", folder + "/b", "--output", page, "--json"
            ).succeeded().json()
            #expect((compared["figures"] as? [Any])?.isEmpty == false)
            for file in ["a/report.html", "a/results.md", "comparison.html"] {
                #expect(FileManager.default.fileExists(atPath: folder + "/" + file), "\(file)")
            }
            try clip("evaluate", folder + "/none.yaml").failed(66, "none.yaml")
        }
    }

    @Test func whatDoesNotFitIsNamed() throws {
        try withTemporaryDirectory { folder in
            let set = try makeSet(folder)
            let options = Fixture.options + ["--no-cache"]
            try clip(["evaluate", "zero-shot", "--data", set, "--labels", "a,b"] + options)
                .failed(65, "2 names for 3 classes (cat, dog, hen)")
            try clip(["evaluate", "zero-shot", "--data", set, "--template", "a photo"] + options).failed(64, "{}")
            try clip(["evaluate", "zero-shot", "--data", set, "--split", "val"] + options).failed(65, "val")
            try clip(["evaluate", "retrieval", "--data", set] + options).failed(65, "captions")
            try clip(["evaluate", "zero-shot", "--data", folder + "/nothing"] + options).failed(66, "nothing")
        }
    }

    @Test func trainingRunsASuiteBetweenEpochs() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            _ = try makeSet(folder)
            try Data("evaluations: [{task: zero-shot, data: set}]".utf8).write(
                to: URL(fileURLWithPath: folder + "/suite.yaml"))
            let run = folder + "/run"
            try clip(
                ShapePairs.train(folder, "--epochs", "2", "--suite", folder + "/suite.yaml", "--output", run)
            ).succeeded()
            for epoch in 1...2 {
                let path = "\(run)/suite/epoch-\(epoch)/results.json"
                let document = try #require(
                    JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
                #expect((document["entries"] as? [Any])?.count == 1)
            }
            try clip(ShapePairs.train(folder, "--steps", "1", "--suite", folder + "/no.yaml", "--output", run + "2"))
                .failed(66, "no.yaml")
        }
    }
}
