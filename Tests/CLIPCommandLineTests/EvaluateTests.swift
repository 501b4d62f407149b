import Foundation
import TestSupport
import Testing

/// `clip evaluate` takes what people have, and tells of what did not fit.
@Suite struct EvaluateTests {
    private static let options = ["--threads", "1"] + Fixture.named

    /// Pictures in class folders: color and shape by their folders' names.
    private func makeClasses(in folder: String) throws -> [String] {
        let pairs = try ShapePairs.make(variants: 0..<1)
        for pair in pairs {
            let name = folder + "/" + pair.shape + "/deep"
            try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
            _ = try Fixture.write(pair.picture, to: "\(name)/\(pair.name).png")
        }
        return Set(pairs.map(\.shape)).sorted()
    }

    private func zeroShot(_ arguments: [String]) throws -> [String: Any] {
        let document = try clip(["evaluate", "--json"] + arguments + Self.options).succeeded().json()
        #expect(document["image_to_text"] == nil && document["chance"] == nil)
        return try #require(document["zero_shot"] as? [String: Any])
    }

    @Test func captionsOfAnotherLanguageAreThoseOfThePairsThatHaveThem() throws {
        try withTemporaryDirectory { folder in
            let pairs = try ShapePairs.make(variants: 0..<1)
            for (number, pair) in pairs.enumerated() {
                _ = try Fixture.write(pair.picture, to: "\(folder)/\(pair.name).png")
                let others = number % 2 == 0 ? #"{"zh": "图\#(number)"}"# : "{}"
                let json = #"{"caption": "\#(pair.caption)", "captions_by_language": \#(others)}"#
                _ = try Fixture.write(Data(json.utf8), to: "\(folder)/\(pair.name).json")
            }
            func pairCount(_ more: [String]) throws -> Int? {
                let document = try clip(["evaluate", "--data", folder, "--json"] + more + Self.options).succeeded()
                    .json()
                #expect(document["caption_language"] as? String == more.last)
                #expect(document["skipped"] as? Int == 0)
                return document["pairs"] as? Int
            }
            #expect(try pairCount([]) == 16)
            #expect(try pairCount(["--caption-language", "zh"]) == 8)
            try clip(["evaluate", "--data", folder, "--caption-language", "fr"] + Self.options).failed(64, "pictures")
        }
    }

    @Test func classFoldersAreMeasuredByTheirNames() throws {
        try withTemporaryDirectory { folder in
            let names = try makeClasses(in: folder)
            #expect(names == ["bar", "dot", "post", "square"])
            let plain = try zeroShot(["--data", folder])
            #expect(plain["categories"] as? Int == 4 && plain["pictures"] as? Int == 16)
            #expect(plain["chance"] as? Double == 0.25 && plain["mean_per_class_recall"] is Double)
            // The classes' own names, in any order and among others, choose alike.
            let same = try zeroShot(["--data", folder, "--labels", names.reversed().joined(separator: ",")])
            #expect(same["accuracy"] as? Double == plain["accuracy"] as? Double)
            let more = try zeroShot(["--data", folder, "--labels", (names + ["x", "y"]).joined(separator: ",")])
            #expect(more["categories"] as? Int == 6 && more["top5"] is Double)
            // Other names are taken in the folders' order, as classify answers by them.
            let labels = ["a bar", "a dot", "a post", "a square"]
            let renamed = try zeroShot(
                ["--data", folder, "--labels", labels.joined(separator: ","), "--template", "a drawing of {}"])
            let answers =
                try clip(
                    [
                        "classify", folder, "--labels", labels.joined(separator: ","), "--template", "a drawing of {}",
                        "--json",
                    ]
                        + Self.options
                ).succeeded().json()["results"] as? [[String: Any]]
            let right = try #require(answers).filter { result in
                let best = (result["labels"] as? [[String: Any]])?.first?["label"] as? String
                return best == "a "
                    + (URL(fileURLWithPath: result["image"] as? String ?? "").deletingLastPathComponent()
                        .deletingLastPathComponent().lastPathComponent)
            }
            #expect(abs((renamed["accuracy"] as? Double ?? -1) - Double(right.count) / 16) < 1e-6)
            let outcome = try clip(["evaluate", "--data", folder] + Self.options).succeeded()
            #expect(outcome.text.contains("zero-shot over 4 categories") && !outcome.text.contains("image to text"))
            #expect(outcome.complaints.contains("4 folders are taken for classes"))
            try clip(["evaluate", "--data", folder, "--labels", "a,b"] + Self.options).failed(
                64, "2 labels for 4 classes")
        }
    }

    @Test func aTablesColumnsAreNamed() throws {
        try withTemporaryDirectory { folder in
            try FileManager.default.copyItem(atPath: Fixture.photo, toPath: folder + "/a.jpg")
            let table = try Fixture.write("image_path;TEXT\na.jpg;one\na.jpg;two\n".utf8, to: folder + "/cols.csv")
            let columns = ["--csv-img-key", "image_path", "--csv-caption-key", "TEXT", "--csv-separator", ";"]
            let document = try clip(["evaluate", "--data", table, "--json"] + columns + Self.options).succeeded().json()
            #expect(document["pairs"] as? Int == 2 && document["skipped"] as? Int == 0)
            // What would be ignored is refused.
            try clip(["evaluate", "--data", table, "--template", "a {}"] + columns + Self.options).failed(
                64, "no two classes")
            try ShapePairs.writeShard(ShapePairs.make(variants: 0..<1), to: folder + "/a.tar")
            try clip(["evaluate", "--data", folder + "/a.tar"] + columns + Self.options).failed(64, "for tables")
            try clip(["evaluate", "--data", table] + columns.dropLast() + ["::"] + Self.options).failed(
                64, "--csv-separator")
        }
    }

    @Test func whatDoesNotFitIsToldOnce() throws {
        try withTemporaryDirectory { folder in
            let long = String(repeating: "very ", count: 100) + "long"
            for name in ["a", "b"] {
                try FileManager.default.copyItem(atPath: Fixture.photo, toPath: "\(folder)/\(name).jpg")
                _ = try Fixture.write((long + name).utf8, to: "\(folder)/\(name).txt")
            }
            let outcome = try clip(["evaluate", "--data", folder, "--json"] + Self.options).succeeded()
            let cut = try #require(outcome.json()["truncated"] as? [String: Any])
            #expect(cut["texts"] as? Int == 2 && cut["of"] as? Int == 2)
            #expect(outcome.complaints.components(separatedBy: "warning").count == 2)
            let template = String(repeating: "very ", count: 100) + "{}"
            for command in [["classify", Fixture.photo], ["page", Fixture.photo, "--output", folder + "/page.html"]] {
                try clip(command + ["--labels", "cat,dog", "--template", template] + Self.options).failed(65, "no room")
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/page.html"))
            let ranked = try clip(["rank", Fixture.photo, "--caption", long, "--json"] + Self.options).succeeded()
            #expect(ranked.complaints.contains("caption \"very very") && ranked.complaints.contains("103 tokens"))
            #expect((try ranked.json()["truncated"] as? [String: Any])?["texts"] as? Int == 1)
        }
    }

    @Test func aRunTellsOfCaptionsThatDoNotFit() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let pairs = try ShapePairs.make(variants: 0..<1).map { pair in
                ShapePairs.Pair(
                    name: pair.name, picture: pair.picture,
                    caption: pair.caption + String(repeating: " very", count: 20),
                    shape: pair.shape)
            }
            try ShapePairs.writeShard(pairs, to: folder + "/long.tar")
            let outcome = try clip(
                ShapePairs.train(
                    folder, "--steps", "2", "--json", "--output", folder + "/run", data: folder + "/long.tar")
            ).succeeded()
            let cut = try #require(outcome.json()["truncated"] as? [String: Any])
            #expect(cut["texts"] as? Int == cut["of"] as? Int && cut["context_length"] as? Int == 16)
            let warnings = outcome.complaints.split(separator: "\n").filter { $0.contains("are read") }
            #expect(warnings.count == 2, "the first, and all at the end: \(outcome.complaints)")
        }
    }
}
