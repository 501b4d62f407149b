import CLIPData
import Foundation
import TestSupport
import Testing

/// One way to name pictures, for every command that reads them.
@Suite struct PictureArgumentTests {
    private static let options = ["--threads", "1"] + Fixture.named

    /// Three pictures: one in a subfolder, and one in a shard.
    private func makePictures(in folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder + "/all/deep", withIntermediateDirectories: true)
        for name in ["all/b.JPEG", "all/deep/a.jpg"] {
            try FileManager.default.copyItem(atPath: Fixture.photo, toPath: folder + "/" + name)
        }
        _ = try Fixture.write("no picture".utf8, to: folder + "/all/notes.md")
        let writer = try ShardWriter(path: folder + "/shard.tar")
        let data = try Data(contentsOf: URL(fileURLWithPath: Fixture.photo))
        try writer.append(key: "x/one", files: [("jpg", data), ("txt", Data("a".utf8))])
        try writer.finish()
    }

    private func images(_ document: [String: Any]) throws -> [String] {
        try #require(document["results"] as? [[String: Any]]).compactMap { $0["image"] as? String }
    }

    @Test func filesFoldersPatternsListsAndShardsAreTaken() throws {
        try withTemporaryDirectory { folder in
            try makePictures(in: folder)
            let all = ["all/b.JPEG", "all/deep/a.jpg"].map { folder + "/" + $0 }
            let shard = folder + "/shard.tar: x/one.jpg"
            let list = try Fixture.write("all\nshard.tar\n".utf8, to: folder + "/list.txt")
            let cases: [(arguments: [String], expected: [String])] = [
                ([folder + "/all"], all), ([folder + "/*/*.JP*"], [all[0]]), ([folder + "/shard.tar"], [shard]),
                (["--images-file", list], all + [shard]), ([all[1], "--images-file", list], [all[1]] + all + [shard]),
            ]
            for (arguments, expected) in cases {
                for command in [["classify", "--labels", "a,b"], ["rank", "--caption", "a"]] {
                    let found = try clip(command + arguments + Self.options + ["--json"]).succeeded().json()
                    #expect(try images(found) == expected, "\(command) \(arguments)")
                }
            }
            let file = folder + "/x.npy"
            let shape =
                try clip(["preprocess", folder + "/all", "--output", file, "--json"] + Self.options)
                .succeeded().json()["shape"] as? [Int]
            #expect(shape?.first == 2)
            let embedded =
                try clip(["embed", folder + "/all", "--image", Fixture.photo, "--json"] + Self.options)
                .succeeded().json()["images"] as? [[String: Any]]
            #expect(embedded?.map { $0["image"] as? String } == [Fixture.photo] + all)
            let page = folder + "/page.html"
            let document = try clip(
                ["page", folder + "/all", folder + "/shard.tar", "--labels", "a,b", "--output", page, "--json"]
                    + Self.options
            ).succeeded().json()
            #expect(document["pictures"] as? [String] == all + [shard])
        }
    }

    @Test func aListsMissingPatternsAndClosedFoldersLeaveTheRest() throws {
        try withTemporaryDirectory { folder in
            try makePictures(in: folder)
            let list = try Fixture.write("gone[1].jpg\nall/b.JPEG\n{x.jpg\n".utf8, to: folder + "/list.txt")
            let outcome = try clip(["classify", "--images-file", list, "--labels", "a,b", "--json"] + Self.options)
            #expect(outcome.status == 66 && outcome.errors.count == 2)
            #expect(try images(outcome.json()) == [folder + "/all/b.JPEG"])
            let closed = folder + "/all/deep"
            chmod(closed, 0)
            defer { chmod(closed, 0o755) }
            let launcher = try Fixture.boundByPermissions(closed + "/a.jpg")
            let rest = try clip(
                ["classify", folder + "/all", "--labels", "a,b", "--json"] + Self.options, launcher: launcher)
            #expect(rest.status == 66 && rest.errors.count == 1 && rest.errors[0].contains(closed))
            #expect(try images(rest.json()) == [folder + "/all/b.JPEG"])
            let train = ["train", "--train-data", folder + "/all", "--steps", "1", "--output", folder + "/run"]
            try clip(train + Fixture.named, launcher: launcher).failed(66, closed)
        }
    }

    @Test func aListComesThroughAPipe() throws {
        try withTemporaryDirectory { folder in
            try makePictures(in: folder)
            let shell = ["/bin/sh", "-c", "printf '%s\\n' \(folder)/all/b.JPEG | \"$@\"", "sh"]
            for arguments in [["-"], ["--images-file", "-"]] {
                let outcome = try clip(
                    ["classify", "--labels", "a,b", "--json"] + arguments + Self.options, launcher: shell
                ).succeeded()
                #expect(try images(outcome.json()) == [folder + "/all/b.JPEG"])
            }
            let labels = ["/bin/sh", "-c", "printf 'cat\\rdog\\r' | \"$@\"", "sh"]
            let outcome =
                try clip(
                    ["classify", Fixture.photo, "--labels-file", "-", "--json"] + Self.options, launcher: labels
                ).succeeded().json()["results"] as? [[String: Any]]
            let choices = try #require(outcome?.first?["labels"] as? [[String: Any]])
            #expect(Set(choices.compactMap { $0["label"] as? String }) == ["cat", "dog"])
            try clip(["classify", "-", "--images-file", "-", "--labels", "a"] + Self.options).failed(64, "once")
            try clip(["classify", "--labels", "a"] + Self.options).failed(64, "Name pictures")
        }
    }

    @Test func tablesHoldWhatIsShown() throws {
        try withTemporaryDirectory { folder in
            let odd = folder + "/odd, \"name\".jpg"
            try FileManager.default.copyItem(atPath: Fixture.photo, toPath: odd)
            let csv = folder + "/answers.csv"
            let document = try clip(
                ["classify", odd, Fixture.photo, "--labels", "a,b,c", "--top", "2", "--csv", csv, "--json"]
                    + Self.options
            ).succeeded().json()
            let lines = try String(contentsOfFile: csv, encoding: .utf8).components(separatedBy: "\r\n")
            #expect(lines.count == 6 && lines.last == "" && lines[0] == "image,rank,label,score,similarity")
            let quoted = "\"\(folder)/odd, \"\"name\"\".jpg\""
            let results = try #require(document["results"] as? [[String: Any]])
            let best = try #require((results[0]["labels"] as? [[String: Any]])?.first)
            let (label, score) = (try #require(best["label"] as? String), try #require(best["score"] as? Double))
            #expect(lines[1].hasPrefix("\(quoted),1,\(label),\(score),"))
            #expect(lines[2].hasPrefix("\(quoted),2,") && lines[3].hasPrefix("\(Fixture.photo),1,"))
            let tsv = folder + "/answers.tsv"
            try clip(["rank", Fixture.photo, "--caption", "x, y", "--csv", tsv] + Self.options).succeeded()
            #expect(try String(contentsOfFile: tsv, encoding: .utf8).contains("\t1\tx, y\t"))
            try clip(["rank", Fixture.photo, "--caption", "x", "--csv", folder] + Self.options).failed(70, folder)
        }
    }

    @Test func whatNamesHoldDoesNotSteerTheTerminal() throws {
        try withTemporaryDirectory { folder in
            let name = folder + "/a\u{1B}[31m\u{202E}\nb.jpg"
            try FileManager.default.copyItem(atPath: Fixture.photo, toPath: name)
            let outcome = try clip(["classify", name, "--labels", "x\u{7},y"] + Self.options).succeeded()
            #expect(outcome.text.contains("a\\u{1B}[31m\\u{202E}\\nb.jpg\n") && outcome.text.contains("x\\u{7}"))
            #expect(!outcome.text.contains("\u{1B}") && !outcome.text.contains("\u{202E}"))
            // How a command is used takes several lines.
            let usage = try clip("classify", "--labels")
            usage.failed(64, "Missing value")
            #expect(usage.complaints.contains("\nUsage: clip classify"))
            // A program is given the name as it is.
            let document = try clip(["classify", name, "--labels", "x,y", "--json"] + Self.options).succeeded().json()
            #expect(try images(document) == [name])
        }
    }
}
