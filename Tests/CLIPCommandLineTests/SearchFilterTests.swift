import Foundation
import TestSupport
import Testing

@testable import CLIPCommandLine

/// Which pictures `clip search` may find, and what is told together.
@Suite struct SearchFilterTests {
    private static let options = ["--threads", "1"]

    @Test func sizesHaveUnitsOfThousands() {
        func bytes(_ text: String) -> Int? { ByteCount(argument: text)?.bytes }
        #expect(bytes("1500") == 1500 && bytes("500k") == 500_000 && bytes("1.5M") == 1_500_000)
        #expect(bytes("2GB") == 2_000_000_000 && bytes("0") == 0 && bytes("3kb") == 3000)
        for text in ["", "k", "-1", "1e3", "ten", "1 k", "99999999999G"] { #expect(bytes(text) == nil, "\(text)") }
    }

    @Test func picturesAreFoundByTimeSizeAndNumber() throws {
        try withTemporaryDirectory { folder in
            let pictures = folder + "/pictures"
            try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            // One that says when it was taken, and two by their files' times.
            let fixtures =
                URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .path + "/ImagingTests/Fixtures/taken"
            try FileManager.default.copyItem(atPath: fixtures + "/taken.jpg", toPath: pictures + "/2019.jpg")
            let shapes = try ShapePairs.make(variants: 0..<1)
            for (number, year) in ["2021", "2023"].enumerated() {
                let path = try Fixture.write(shapes[number].picture, to: "\(pictures)/\(year).png")
                let date = try #require(ISO8601DateFormatter().date(from: "\(year)-06-01T12:00:00Z"))
                try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
            }
            let index = ["--index", folder + "/index"]
            try clip(["index", "add", pictures] + index + Self.options + Fixture.named).succeeded()
            func found(_ more: String...) throws -> [String] {
                let document = try clip(["search", "a cat", "--json"] + index + Self.options + more).succeeded().json()
                return try #require(document["results"] as? [[String: Any]]).compactMap { $0["image"] as? String }
                    .map { URL(fileURLWithPath: $0).lastPathComponent }.sorted()
            }
            #expect(try found("--after", "2020") == ["2021.png", "2023.png"])
            #expect(try found("--before", "2019-02-03T07:35:06Z").isEmpty)
            #expect(try found("--before", "2019-02-03T07:35:07Z") == ["2019.jpg"])
            #expect(try found("--after", "2019-02-03T07:35:06Z", "--before", "2022") == ["2019.jpg", "2021.png"])
            let size = try #require(
                FileManager.default.attributesOfItem(atPath: pictures + "/2019.jpg")[.size] as? Int)
            #expect(try found("--min-size", "\(size)", "--max-size", "\(size)") == ["2019.jpg"])
            let isLarge = try found("--min-size", "1M")
            #expect(try isLarge.isEmpty && found("--max-size", "1M").count == 3)
            #expect(try found("--id", "1", "--id", "3", "--id", "99").count == 2)
            #expect(try found("--id", "1", "--type", "png", "--type", "jpg", "--folder", pictures).count == 1)
            for wrong in [
                ["--after", "soon"], ["--after", "2024", "--before", "2023"], ["--min-size", "2k", "--max-size", "1k"],
                ["--min-size", "many"], ["--id", "x"], ["--group", "0.2"],
            ] {
                try clip(["search", "a"] + index + wrong).failed(64, String(wrong[0].dropFirst(2)))
            }
        }
    }

    @Test func whatIsNearlyTheSameIsToldTogetherAndListed() throws {
        try withTemporaryDirectory { folder in
            let pictures = folder + "/pictures"
            try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            let photo = try Data(contentsOf: URL(fileURLWithPath: Fixture.photo))
            for name in ["a", "b", "c"] { _ = try Fixture.write(photo, to: "\(pictures)/\(name).jpg") }
            _ = try Fixture.write(ShapePairs.make(variants: 0..<1)[0].picture, to: pictures + "/shape.png")
            let index = ["--index", folder + "/index"]
            try clip(["index", "add", pictures] + index + Self.options + Fixture.named).succeeded()
            let search = ["search", "a cat", "--group", "0.999"] + index + Self.options
            let results = try #require(clip(search + ["--json"]).succeeded().json()["results"] as? [[String: Any]])
            #expect(results.count == 2)
            let similar = results.map { ($0["similar"] as? [[String: Any]])?.count }
            #expect(Set(similar) == [2, 0])
            let lines = try clip(search).succeeded().text.split(separator: "\n")
            #expect(lines.count == 2 && lines.filter { $0.hasSuffix("+2 alike") }.count == 1)
            #expect(try clip(search + ["--top", "1"]).succeeded().text.split(separator: "\n").count == 1)
            // Without a number, what follows is asked for.
            try clip(["search", "--group", "a cat"] + index + Self.options).succeeded()

            let duplicates = ["duplicates", "--threshold", "0.999"] + index
            let document = try clip(duplicates + ["--json"]).succeeded().json()
            let groups = try #require(document["groups"] as? [[String: Any]])
            let others = try #require(groups.first?["others"] as? [[String: Any]])
            #expect(groups.count == 1 && others.count == 2 && others.allSatisfy { $0["exact"] as? Bool == true })
            #expect(document["freeable_bytes"] as? Int == 2 * photo.count)
            let text = try clip(duplicates).succeeded().text
            #expect(text.contains("keep") && text.contains("exact") && text.contains("1 groups"))
            #expect(FileManager.default.fileExists(atPath: pictures + "/c.jpg"))
            try clip("duplicates", "--threshold", "7").failed(64, "--threshold")
            try clip("duplicates", "--index", folder + "/none").failed(66, "no index")
        }
    }
}
