import CLIPData
import Foundation
import TestSupport
import Testing

/// `clip embed` into a folder of parts, and `clip join`.
@Suite struct FolderEmbeddingTests {
    /// So many pictures, all different; those of `bad` are none.
    static func makePictures(_ count: Int, bad: Set<Int> = [], in folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for index in 0..<count {
            let path = "\(folder)/\(index < 10 ? "0" : "")\(index).png"
            if bad.contains(index) {
                _ = try Fixture.write("no picture".utf8, to: path)
            } else {
                _ = try Fixture.writePicture(width: 8 + index, height: 9 + index % 5, to: path)
            }
        }
    }

    static func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    static func object(_ path: String) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
    }

    /// Names of the rows that a description lists.
    static func rows(_ vectors: String) throws -> [String] {
        let rows = try #require(object(vectors + ".json")["rows"] as? [[String: Any]])
        return rows.compactMap { $0["name"] as? String }
    }

    /// Expects that two files hold the same vectors of the same pictures.
    static func expectSame(_ left: String, _ right: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let (one, other) = (try NumPyArray(left), try NumPyArray(right))
        #expect(one.shape == other.shape, sourceLocation: sourceLocation)
        expectNear(one.values.map(Double.init), other.values.map(Double.init), 1e-6, sourceLocation: sourceLocation)
        #expect(try rows(left) == rows(right), sourceLocation: sourceLocation)
        let (first, second) = (try object(left + ".json"), try object(right + ".json"))
        #expect(first["fingerprint"] as? String == second["fingerprint"] as? String, sourceLocation: sourceLocation)
        #expect(
            first["left_out"] as? [[String: String]] == second["left_out"] as? [[String: String]],
            sourceLocation: sourceLocation)
        #expect(Set(first.keys) == Set(second.keys), sourceLocation: sourceLocation)
    }

    private func embed(_ output: String, _ more: [String] = [], threads: Int = 2) -> [String] {
        ["embed", "--output", output] + more + Fixture.named + ["--threads", "\(threads)"]
    }

    @Test func partsAreTheOneFile() throws {
        try withTemporaryDirectory { folder in
            try Self.makePictures(23, bad: [4, 20], in: folder + "/in")
            let (file, parts) = (folder + "/whole.npy", folder + "/out")
            #expect(try clip(embed(file, [folder + "/in"])).status == 65)
            let outcome = try clip(embed(parts, ["--images", folder + "/in", "--part-size", "10", "--json"]))
            #expect(outcome.status == 65 && outcome.errors.count == 2, "\(outcome.complaints)")
            let document = try outcome.json()
            #expect(document["pictures"] as? Int == 21 && document["left_out"] as? Int == 2)
            #expect(document["parts"] as? Int == 3 && document["output"] as? String == parts)
            #expect(["fp32", "bf16"].contains(document["precision"] as? String))
            #expect(document["resumed_from"] == nil && (document["pictures_per_second"] as? Double ?? 0) > 0)
            let expected = ["embed.json"] + (0..<3).flatMap { ["part-0000\($0).npy", "part-0000\($0).npy.json"] }
            #expect(try Self.names(parts) == expected)
            #expect(try (0..<3).map { try NumPyArray("\(parts)/part-0000\($0).npy").shape[0] } == [9, 10, 2])
            let left = try Self.object(parts + "/part-00002.npy.json")["left_out"] as? [[String: String]]
            #expect(left?.map { $0["name"] } == [folder + "/in/20.png"])
            // Each is a file like any other.
            try clip("compare", parts + "/part-00001.npy", file, "--threads", "1").succeeded()
            let joined = folder + "/joined.npy"
            let answer = try clip("join", parts, "--output", joined, "--json").succeeded().json()
            #expect(answer["pictures"] as? Int == 21 && answer["left_out"] as? Int == 2)
            #expect(answer["shards"] as? Int == 1 && answer["parts"] as? Int == 3)
            try Self.expectSame(joined, file)
            try clip("compare", joined, file, "--threads", "1").succeeded()
            let imported = try clip(
                "index", "import", parts, "--index", folder + "/index", "--json", "--threads", "1"
            ).succeeded().json()
            #expect(imported["imported"] as? Int == 21)
        }
    }

    @Test func aRunGoesOnAfterTheLastWholePart() throws {
        try withTemporaryDirectory { folder in
            try Self.makePictures(23, bad: [4, 20], in: folder + "/in")
            let command = embed(folder + "/out", ["--images", folder + "/in", "--part-size", "5"])
            #expect(try clip(command).status == 65)
            let parts = try Self.names(folder + "/out")
            func contents() throws -> [Data] {
                try parts.map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/out/\($0)")) }
            }
            let whole = try contents()
            let unfinished = try String(contentsOfFile: folder + "/out/embed.json", encoding: .utf8)
            // Killed after so many parts, or between a part's two files, with what was being written left behind.
            for kept in 0...5 {
                for number in kept..<5 {
                    try FileManager.default.removeItem(atPath: "\(folder)/out/part-0000\(number).npy")
                    guard number > kept else { continue }
                    try FileManager.default.removeItem(atPath: "\(folder)/out/part-0000\(number).npy.json")
                }
                _ = try Fixture.write([1, 2], to: folder + "/out/.part-0000\(kept).npy.4711.0.tmp")
                // As it is while a run goes on.
                var manifest = try Self.object(folder + "/out/embed.json")
                manifest["finished"] = nil
                try JSONSerialization.data(withJSONObject: manifest).write(
                    to: URL(fileURLWithPath: folder + "/out/embed.json"))
                let document = try clip(command + ["--json"]).json()
                #expect(document["resumed_from"] as? Int == (kept == 0 ? nil : min(23, kept * 5)))
                #expect(document["pictures"] as? Int == 21 && document["left_out"] as? Int == 2)
                #expect(try Self.names(folder + "/out") == parts)
                // Bit for bit what a run gives that nobody stops.
                #expect(try contents() == whole, "after \(kept) parts")
            }
            #expect(try String(contentsOfFile: folder + "/out/embed.json", encoding: .utf8) == unfinished)
            let again = try clip(command).succeeded()
            #expect(again.text.contains("all was done before") && again.text.contains("21 pictures"))
            #expect(try contents() == whole)
            // Parts that were taken away since are made again.
            try FileManager.default.removeItem(atPath: folder + "/out/part-00003.npy")
            try clip("join", folder + "/out", "--output", folder + "/x.npy").failed(66, "not through", "clip embed")
            let repaired = try clip(command)
            #expect(repaired.complaints.contains("going on after 15 pictures") && repaired.status == 65)
            #expect(try contents() == whole)
        }
    }

    @Test func otherSettingsAreRefused() throws {
        try withTemporaryDirectory { folder in
            try Self.makePictures(6, in: folder + "/in")
            let out = folder + "/out"
            let images = ["--images", folder + "/in"]
            try clip(embed(out, images + ["--part-size", "4"])).succeeded()
            func refused(_ more: [String], _ word: String, _ images: [String] = images) throws {
                try clip(embed(out, images + more)).failed(64, out, word)
            }
            try refused([], "part size: 4 and 10000")
            try refused(["--part-size", "4", "--no-normalize"], "normalization: unit length and none")
            try refused(["--part-size", "4", "--alpha", "pillow"], "transparency: white and pillow")
            try refused(["--part-size", "4"], "6 names and 2", ["--images", folder + "/in/0[12].png"])
            try refused(["--part-size", "4", "--shard", "1/2"], "the whole list")
            let other = [
                "embed", "--output", out, "--part-size", "4", "--threads", "1", "--model", Fixture.family("hf-clip"),
            ]
            try clip(other + images).failed(64, out, "weights: ")
            // What is not its own stays untouched.
            try clip(embed(folder + "/in", images)).failed(64, "00.png", "other things")
            try clip(embed(folder + "/sharded", images + ["--shard", "1/2"])).succeeded()
            try clip(embed(folder + "/sharded", images + ["--shard", "1/3"])).failed(64, "in 2 shards")
            try clip(embed(folder + "/sharded", images)).failed(64, "in 2 shards")
            _ = try Fixture.write("{}".utf8, to: out + "/embed.json")
            try clip(embed(out, images + ["--part-size", "4"])).failed(65, "embed.json")
        }
    }

    @Test func textsAndOddNumbersAreRefused() throws {
        try withTemporaryDirectory { folder in
            let out = folder + "/out"
            try clip(embed(out, [Fixture.photo, "--text", "a dog"])).failed(64, "texts", ".npy")
            for shard in ["0/3", "4/3", "1", "1/", "/", "-1/2", "1/2/3", "a/b"] {
                #expect(try clip(embed(out, [Fixture.photo, "--shard=" + shard])).status == 64)
            }
            try clip(embed(out, [Fixture.photo, "--part-size", "0"])).failed(64, "--part-size")
            try clip(embed(out + ".npy", [Fixture.photo, "--part-size", "5"])).failed(64, "folder of parts")
            try clip("join", folder, "--output", folder + "/x.npy").failed(66, folder, "no run")
            try clip("join", folder + "/none", "--output", folder + "/x.npy").failed(66, "none")
            #expect(try Self.names(folder).isEmpty)
        }
    }

    @Test(arguments: [3, 7]) func shardsJoinedAreTheWhole(_ count: Int) throws {
        try withTemporaryDirectory { folder in
            // Of five pictures two of seven shards get none.
            try Self.makePictures(5, bad: [2], in: folder + "/in")
            let list = try Fixture.write("in\n".utf8, to: folder + "/list.txt")
            let out = folder + "/out"
            #expect(try clip(embed(folder + "/whole.npy", ["--images", list])).status == 65)
            for shard in (1...count).reversed() {
                let joined = try clip("join", out, "--output", folder + "/joined.npy")
                joined.failed(66, shard == count ? out : "shard 1 of \(count)")
                let outcome = try clip(
                    embed(out, ["--images", list, "--shard", "\(shard)/\(count)", "--part-size", "1"]))
                #expect(outcome.status == 0 || outcome.errors.count == 1, "\(outcome.complaints)")
            }
            #expect(try Self.names(out).count == count)
            try clip("join", out, "--output", folder + "/joined.npy").succeeded()
            try Self.expectSame(folder + "/joined.npy", folder + "/whole.npy")
            // One that is not through, and one of another model.
            let first = "\(out)/shard-001-of-00\(count)/embed.json"
            var manifest = try Self.object(first)
            let finished = manifest.removeValue(forKey: "finished")
            try JSONSerialization.data(withJSONObject: manifest).write(to: URL(fileURLWithPath: first))
            try clip("join", out, "--output", folder + "/x.npy").failed(66, "shard 1 of", "--shard 1/\(count)")
            manifest["finished"] = finished
            var settings = try #require(manifest["settings"] as? [String: Any])
            settings["list"] = "0"
            manifest["settings"] = settings
            try JSONSerialization.data(withJSONObject: manifest).write(to: URL(fileURLWithPath: first))
            try clip("join", out, "--output", folder + "/x.npy").failed(65, "different runs", "list of pictures")
            #expect(!FileManager.default.fileExists(atPath: folder + "/x.npy"))
        }
    }

    @Test func aDamagedPartIsNotJoined() throws {
        try withTemporaryDirectory { folder in
            try Self.makePictures(4, in: folder + "/in")
            try clip(embed(folder + "/out", ["--images", folder + "/in", "--part-size", "2"])).succeeded()
            let part = folder + "/out/part-00001.npy"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: part))
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: URL(fileURLWithPath: part))
            try clip("join", folder + "/out", "--output", folder + "/x.npy").failed(65, part)
            #expect(try Self.names(folder) == ["in", "out"])
        }
    }

    @Test func shardsOfPicturesAreStreamedAndTheirPlacesChecked() throws {
        try withTemporaryDirectory { folder in
            let (tars, out) = (["0", "1"].map { "\(folder)/\($0).tar" }, folder + "/out")
            func write(_ path: String, _ pictures: Range<Int>) throws {
                let writer = try ShardWriter(path: path)
                for index in pictures {
                    let file = try Fixture.writePicture(width: 8 + index, height: 9, to: folder + "/x.png")
                    let data = try Data(contentsOf: URL(fileURLWithPath: file))
                    try writer.append(key: "\(index)", files: [("png", data), ("txt", Data("a".utf8))])
                }
                try writer.finish()
            }
            for (index, path) in tars.enumerated() { try write(path, index * 4..<index * 4 + 4) }
            let command = embed(out, ["--images", folder + "/{0,1}.tar", "--part-size", "3"])
            try clip(command).succeeded()
            try clip(embed(folder + "/whole.npy", tars)).succeeded()
            try clip("join", out, "--output", folder + "/joined.npy").succeeded()
            try Self.expectSame(folder + "/joined.npy", folder + "/whole.npy")
            for part in 1...2 { try FileManager.default.removeItem(atPath: "\(out)/part-0000\(part).npy") }
            try clip(command).succeeded()
            try clip("join", out, "--output", folder + "/joined.npy").succeeded()
            try Self.expectSame(folder + "/joined.npy", folder + "/whole.npy")
            // Pictures that came to the front since have the places of others.
            try write(tars[0], 20..<24)
            try FileManager.default.removeItem(atPath: out + "/part-00002.npy")
            try clip(command).failed(65, "part-00001.npy", "23.png")
        }
    }

    @Test func aStrictRunEndsWithTheFirstAndGoesOnWhenItIsMended() throws {
        try withTemporaryDirectory { folder in
            try Self.makePictures(9, bad: [6, 7], in: folder + "/in")
            let command = embed(folder + "/out", ["--images", folder + "/in", "--part-size", "3", "--strict"])
            try clip(command).failed(65, "06.png")
            for index in [6, 7] { _ = try Fixture.writePicture(width: 9, height: 9, to: "\(folder)/in/0\(index).png") }
            let mended = try clip(command + ["--json"]).succeeded().json()
            #expect(mended["resumed_from"] as? Int == 6 && mended["pictures"] as? Int == 9)
        }
    }

    @Test func aKilledRunLeavesWholePartsAndGoesOn() throws {
        try withTemporaryDirectory { folder in
            try Self.makePictures(90, in: folder + "/in")
            let command = embed(folder + "/out", ["--images", folder + "/in", "--part-size", "2"])
            var generator = SplitMix64(seed: 7)
            var killed = 0
            for _ in 0..<8 {
                let process = try ClipProcess(command)
                let parts = { ((try? Self.names(folder + "/out")) ?? []).filter { $0.hasSuffix(".npy") }.count }
                let wanted = parts() + 1 + generator.integer(below: 5)
                while process.process.isRunning, parts() < wanted { usleep(500) }
                usleep(UInt32(generator.integer(below: 5000)))
                process.kill()
                if try process.finish().wasKilled { killed += 1 }
                for name in try Self.names(folder + "/out") where name.hasPrefix("part-") && name.hasSuffix(".npy") {
                    let part = folder + "/out/" + name
                    #expect(try Self.rows(part).count == 2 && NumPyArray(part).shape[0] == 2)
                }
            }
            #expect(killed >= 3, "runs ended before they were killed")
            try clip(command).succeeded()
            #expect(try Self.names(folder + "/out").allSatisfy { !$0.hasPrefix(".") })
            try clip("join", folder + "/out", "--output", folder + "/joined.npy").succeeded()
            try clip(embed(folder + "/whole.npy", [folder + "/in"])).succeeded()
            try Self.expectSame(folder + "/joined.npy", folder + "/whole.npy")
        }
    }
}
