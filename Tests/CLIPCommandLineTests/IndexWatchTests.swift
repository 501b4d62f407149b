import Foundation
import TestSupport
import Testing

/// `clip index add --watch`, while files come and go.
@Suite struct IndexWatchTests {
    private static let options = ["--threads", "1"]

    /// What the index says its pictures' paths are, by `clip index export`.
    private func paths(_ folder: String) throws -> Set<String> {
        let lines = folder + "/paths.jsonl"
        try clip("index", "export", "--output", lines, "--index", folder + "/index").succeeded()
        return try Set(
            String(contentsOfFile: lines, encoding: .utf8).split(separator: "\n").map {
                let line = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                return try #require(line?["image"] as? String)
            })
    }

    /// Waits until the index holds what it should, for a generous while.
    private func wait(_ folder: String, _ process: ClipProcess, for wanted: Set<String>) throws {
        var found: Set<String> = []
        for _ in 0..<400 {
            if FileManager.default.fileExists(atPath: folder + "/index/catalogue.sqlite") {
                found = (try? paths(folder)) ?? []
            }
            if found == wanted { return }
            try #require(process.process.isRunning, "it ended early")
            usleep(200_000)
        }
        #expect(found == wanted)
    }

    @Test func filesAndFoldersThatComeAndGoAreFollowed() throws {
        try withTemporaryDirectory { folder in
            let manager = FileManager.default
            let pictures = folder + "/pictures"
            try manager.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            let shapes = try ShapePairs.make(variants: 0..<1).map(\.picture)
            func put(_ number: Int, _ path: String) throws -> String {
                try Fixture.write(shapes[number], to: pictures + path)
            }
            let first = try put(0, "/a.png")
            let process = try ClipProcess(
                ["index", "add", pictures, "--watch", "--json", "--index", folder + "/index"] + Self.options
                    + Fixture.named)
            defer { process.kill() }
            try wait(folder, process, for: [first])
            // New, in a new folder, and no picture at all.
            let second = try put(1, "/b.png")
            try manager.createDirectory(atPath: pictures + "/deep/deeper", withIntermediateDirectories: true)
            let third = try put(2, "/deep/deeper/c.png")
            _ = try Fixture.write("notes".utf8, to: pictures + "/notes.txt")
            try wait(folder, process, for: [first, second, third])
            // Written in two parts.
            let late = pictures + "/late.png"
            _ = try Fixture.write([], to: late)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: late))
            try handle.write(contentsOf: shapes[3].prefix(40))
            usleep(1_500_000)
            try handle.write(contentsOf: shapes[3].dropFirst(40))
            try handle.close()
            try wait(folder, process, for: [first, second, third, late])
            // Renamed, a folder too; removed.
            try manager.moveItem(atPath: first, toPath: pictures + "/renamed.png")
            try manager.moveItem(atPath: pictures + "/deep", toPath: pictures + "/other")
            try manager.removeItem(atPath: second)
            let rest: Set = [pictures + "/renamed.png", pictures + "/other/deeper/c.png", late]
            try wait(folder, process, for: rest)
            try manager.removeItem(atPath: pictures + "/other")
            try wait(folder, process, for: rest.subtracting([pictures + "/other/deeper/c.png"]))
            kill(process.process.processIdentifier, SIGTERM)
            let outcome = try process.finish().succeeded()
            let document = try outcome.json()
            #expect(document["pictures"] as? Int == 2 && document["added"] as? Int == 4)
            #expect(document["renamed"] as? Int == 2 && document["removed"] as? Int == 2)
            #expect((document["skipped"] as? [Any])?.isEmpty == true)
            #expect(outcome.complaints.contains("watching for changes"))
            // Another look finds nothing to do.
            let again = try clip(
                ["index", "add", pictures, "--prune", "--json", "--index", folder + "/index"] + Self.options
                    + Fixture.named
            ).succeeded().json()
            #expect(again["unchanged"] as? Int == 2 && again["added"] as? Int == 0 && again["removed"] as? Int == 0)
        }
    }

    @Test func anEmptyFolderIsWatchedAndAnInterruptEndsIt() throws {
        try withTemporaryDirectory { folder in
            let pictures = folder + "/pictures"
            try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            let process = try ClipProcess(
                ["index", "add", pictures, "--watch", "--index", folder + "/index"] + Self.options + Fixture.named)
            defer { process.kill() }
            let path = try Fixture.write(ShapePairs.make(variants: 0..<1)[0].picture, to: pictures + "/a.png")
            try wait(folder, process, for: [path])
            // One that cannot be read is named, and the others go on.
            _ = try Fixture.write([0xFF, 0xD8, 0xFF], to: pictures + "/bad.jpg")
            let other = try Fixture.write(ShapePairs.make(variants: 0..<1)[1].picture, to: pictures + "/b.png")
            try wait(folder, process, for: [path, other])
            kill(process.process.processIdentifier, SIGINT)
            let outcome = try process.finish()
            #expect(outcome.status == 65 && !outcome.wasKilled, "\(outcome.complaints)")
            #expect(outcome.text.contains("2 pictures (2 added"))
        }
    }

    @Test func onlyFoldersAreWatched() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixture.write([1], to: folder + "/a.png")
            for names in [[path], [folder + "/none"], [folder, "--images-file", path]] {
                try clip(["index", "add", "--watch"] + names).failed(64, "--watch takes folders")
            }
        }
    }
}
