import Foundation
import TestSupport
import Testing

/// `clip index` and `clip search`.
@Suite struct SearchCommandTests {
    private static let options = ["--threads", "1"]

    /// A folder with pictures of colored shapes.
    private func makePictures(in folder: String, _ variants: Range<Int> = 0..<1) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder + "/pictures/deep", withIntermediateDirectories: true)
        return try ShapePairs.make(variants: variants).enumerated().map { number, pair in
            let path = folder + "/pictures" + (number % 2 == 0 ? "/" : "/deep/") + pair.name + ".png"
            return try Fixture.write(pair.picture, to: path)
        }
    }

    private func add(_ folder: String, _ more: String...) throws -> ClipProcess.Outcome {
        try clip(
            ["index", "add", folder + "/pictures", "--index", folder + "/index", "--json"] + more + Self.options
                + Fixture.named)
    }

    private func search(_ folder: String, _ more: String...) throws -> [(image: String, similarity: Double)] {
        let document = try clip(["search", "--index", folder + "/index", "--json"] + more + Self.options).succeeded()
            .json()
        return try #require(document["results"] as? [[String: Any]]).map {
            (try #require($0["image"] as? String), try #require($0["similarity"] as? Double))
        }
    }

    private func numbers(_ document: [String: Any]) -> [String: Int] {
        document.compactMapValues { $0 as? Int }
    }

    @Test func whatIsThereIsAddedOnceAndFollowed() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            let first = try numbers(add(folder).succeeded().json())
            #expect(first["pictures"] == 16 && first["added"] == 16 && first["unchanged"] == 0)
            #expect(try numbers(add(folder).succeeded().json())["unchanged"] == 16)
            // Renamed, changed, copied, and gone.
            let manager = FileManager.default
            try manager.moveItem(atPath: paths[0], toPath: folder + "/pictures/renamed.png")
            _ = try Fixture.write(ShapePairs.make(variants: 3..<4)[5].picture, to: paths[1])
            try manager.copyItem(atPath: paths[2], toPath: folder + "/pictures/copy.png")
            try manager.removeItem(atPath: paths[3])
            let second = try numbers(add(folder, "--prune").succeeded().json())
            #expect(second["renamed"] == 1 && second["added"] == 2 && second["reused"] == 1 && second["removed"] == 1)
            #expect(second["pictures"] == 16)
            let found = try Set(search(folder, "a red square", "--top", "100").map(\.image))
            #expect(found.count == 16 && found.contains(folder + "/pictures/renamed.png") && !found.contains(paths[0]))
            // From scratch it is the same.
            try manager.moveItem(atPath: folder + "/index", toPath: folder + "/old")
            _ = try add(folder).succeeded()
            #expect(try Set(search(folder, "a red square", "--top", "100").map(\.image)) == found)
        }
    }

    @Test func wordsAndPicturesAreSummed() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            _ = try add(folder).succeeded()
            func vectors(_ arguments: [String]) throws -> [[Double]] {
                let document = try clip(["embed", "--json"] + arguments + Self.options + Fixture.named).succeeded()
                    .json()
                let rows =
                    ((document["images"] as? [[String: Any]]) ?? []) + ((document["texts"] as? [[String: Any]]) ?? [])
                return try rows.map { try #require($0["embedding"] as? [Double]) }
            }
            let pictures = try vectors(paths)
            let words = try vectors(["--text", "a dog", "--text", "snow"])
            func expected(_ sum: [Double], leaving: Set<Int> = []) -> [(String, Double)] {
                let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return paths.indices.filter { !leaving.contains($0) }
                    .map { index in (paths[index], zip(pictures[index], sum).reduce(0) { $0 + $1.0 * $1.1 } / length) }
                    .sorted { $0.1 > $1.1 }
            }
            func check(_ found: [(image: String, similarity: Double)], _ wanted: [(String, Double)]) {
                #expect(found.count == wanted.count)
                let known = Dictionary(uniqueKeysWithValues: wanted)
                for (one, other) in zip(found, wanted) {
                    // The index keeps three digits, so that near ties may change places.
                    #expect(
                        abs(one.similarity - other.1) < 0.004 && abs(one.similarity - (known[one.image] ?? 9)) < 0.004)
                }
            }
            check(try search(folder, "a dog", "--top", "16"), expected(words[0]))
            let mixed = zip(zip(words[0], words[1]), pictures[3]).map { $0.0 - 2 * $0.1 + $1 }
            check(
                try search(folder, "a dog", "--subtract", "2:snow", "--add", paths[3], "--top", "16"),
                expected(mixed, leaving: [3]))
            check(try search(folder, "--image", paths[7], "--top", "16"), expected(pictures[7], leaving: [7]))
            let best = expected(words[0])
            let limit = (best[3].1 + best[4].1) / 2
            #expect(try search(folder, "a dog", "--min-score", "\(limit)").count == 4)
            let deep = try search(folder, "a dog", "--folder", folder + "/pictures/deep", "--top", "100")
            #expect(deep.count == 8 && deep.allSatisfy { $0.image.contains("/deep/") })
            #expect(try search(folder, "a dog", "--type", "jpg").isEmpty)
            #expect(try search(folder, "a dog", "--type", ".PNG", "--top", "3").count == 3)
        }
    }

    @Test func badFilesAndOtherModelsAreRefused() throws {
        try withTemporaryDirectory { folder in
            _ = try makePictures(in: folder)
            let bad = try Fixture.write([0xFF, 0xD8, 0xFF], to: folder + "/pictures/bad.jpg")
            let outcome = try add(folder)
            #expect(outcome.status == 65 && outcome.errors.count == 1)
            let skipped = try #require(outcome.json()["skipped"] as? [[String: String]])
            #expect(try skipped.map { $0["image"] } == [bad] && numbers(outcome.json())["added"] == 16)
            let index = folder + "/index"
            let other =
                ["index", "add", folder + "/pictures", "--index", index, "--model", Fixture.family("hf-clip")]
                + Self.options
            try clip(other).failed(65, "another model's vectors")
            try clip(["search", "a", "--index", index, "--model", Fixture.family("hf-clip")] + Self.options).failed(
                65, index)
            try clip(["search", "a", "--index", folder + "/none"] + Self.options).failed(
                66, "no index", "clip index add")
            try clip(["search", "--index", index]).failed(64, "what to look for")
            try clip(["search", "a", "--index", index, "--top", "0"]).failed(64, "--top")
        }
    }

    /// A file that may grow no further is what a full disk is: writing fails, whatever was committed stays.
    @Test func aFullDiskLosesNothingCommitted() throws {
        try withTemporaryDirectory { folder in
            _ = try makePictures(in: folder)
            _ = try add(folder).succeeded()
            let more = try makePictures(in: folder, 1..<6)
            let arguments =
                ["index", "add", folder + "/pictures", "--index", folder + "/index"] + Self.options + Fixture.named
            // In kilobytes; each limit stops another write: the log, the catalogue, the vectors.
            for limit in ["24", "48", "64"] {
                let bounded = ["/bin/bash", "-c", "ulimit -f \(limit) && exec \"$@\"", "--"]
                let outcome = try clip(arguments, launcher: bounded)
                #expect(outcome.status == 70 && !outcome.wasKilled, "\(limit): \(outcome.complaints)")
                #expect(outcome.errors.count == 1, "\(limit): \(outcome.complaints)")
                let found = try search(folder, "a red circle", "--top", "1000")
                #expect(found.count >= 16 && Set(found.map(\.image)).count == found.count, "\(limit)")
            }
            let after = try numbers(add(folder).succeeded().json())
            #expect(after["pictures"] == 16 + more.count)
            let fresh = try clip(
                ["index", "add", folder + "/pictures", "--index", folder + "/fresh"] + Self.options + Fixture.named)
            fresh.succeeded()
            let found = try search(folder, "a red circle", "--top", "1000")
            let document = try clip(
                ["search", "a red circle", "--index", folder + "/fresh", "--top", "1000", "--json"] + Self.options
            ).succeeded().json()
            let expected = try #require(document["results"] as? [[String: Any]])
            #expect(Set(found.map(\.image)) == Set(expected.compactMap { $0["image"] as? String }))
            let worst = zip(found, expected).map { abs($0.similarity - ($1["similarity"] as? Double ?? 9)) }.max() ?? 9
            #expect(worst < 1e-3)
        }
    }

    @Test func anIndexIsToldForgottenAndExported() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            _ = try add(folder).succeeded()
            let index = ["--index", folder + "/index", "--json"]
            let status = try clip(["index", "status"] + index).succeeded().json()
            #expect(status["pictures"] as? Int == 16 && status["model"] as? String == Fixture.model)
            let removed = try clip(["index", "remove", folder + "/pictures/deep", paths[0], "/elsewhere"] + index)
                .succeeded()
            #expect(try removed.json()["removed"] as? Int == 9)
            #expect(FileManager.default.fileExists(atPath: paths[0]))
            _ = try clip(["index", "compact"] + index).succeeded()
            #expect(try numbers(clip(["index", "status"] + index).succeeded().json())["deleted"] == 0)
            let (array, lines) = (folder + "/x.npy", folder + "/x.jsonl")
            #expect(
                try clip(["index", "export", "--output", array] + index).succeeded().json()["pictures"] as? Int == 7)
            // Of the same space as what "clip embed" writes.
            try clip(
                ["embed", "--text", "a", "--output", folder + "/q.npy"] + Self.options + Fixture.named
            ).succeeded()
            try clip("compare", folder + "/q.npy", array, "--threads", "1").succeeded()
            _ = try clip(["index", "export", "--output", lines] + index).succeeded()
            let text = try String(contentsOfFile: lines, encoding: .utf8)
            let rows = try text.split(separator: "\n").map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(
                rows.count == 7
                    && rows.allSatisfy {
                        $0["width"] as? Int == 32 && ($0["embedding"] as? [Any])?.count == status["dimension"] as? Int
                    })
            try clip(["index", "export", "--output", folder + "/x.txt"] + index).failed(64, ".npy or .jsonl")
        }
    }
}
