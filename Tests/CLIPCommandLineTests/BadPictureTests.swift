import Foundation
import TestSupport
import Testing

/// Pictures that cannot be answered for, and outputs that cannot be written.
@Suite struct BadPictureTests {
    /// Bad picture files of every kind, each with what its message says.
    private func makeBad(in folder: String) throws -> [(path: String, word: String)] {
        let jpeg = try Data(contentsOf: URL(fileURLWithPath: Fixture.photo))
        return [
            (try Fixture.write(jpeg.prefix(jpeg.count / 2), to: folder + "/half.jpg"), "JPEG"),
            (try Fixture.write(Fixture.pngHeader(width: 50_000, height: 50_000), to: folder + "/huge.png"), "50000"),
            (try Fixture.write("just words\n".utf8, to: folder + "/text.png"), "text"),
            (try Fixture.write([], to: folder + "/empty.jpg"), "empty"),
            (try Fixture.writePicture(width: 1000, height: 1, to: folder + "/thin.png"), "1000x1"),
        ]
    }

    @Test func eachBadPictureIsToldOfAndTheOthersAreAnswered() throws {
        try withTemporaryDirectory { folder in
            let bad = try makeBad(in: folder)
            let pictures = [Fixture.photo] + bad.map(\.path) + [Fixture.picture("wide.png")]
            let outcome = try clip(["classify", "--labels", "a,b", "--json"] + pictures + Fixture.options)
            #expect(outcome.status == 65 && !outcome.wasKilled)
            #expect(outcome.errors.count == bad.count && outcome.complaints.split(separator: "\n").count == bad.count)
            for ((path, word), message) in zip(bad, outcome.errors) {
                #expect(message.contains(path) && message.contains(word), "\(message)")
            }
            let results = try #require(outcome.json()["results"] as? [[String: Any]])
            #expect(results.map { $0["image"] as? String } == [Fixture.photo, Fixture.picture("wide.png")])
            let embedded = try clip(["embed", "--json"] + pictures.flatMap { ["--image", $0] } + Fixture.options)
            #expect(embedded.status == 65 && embedded.errors == outcome.errors)
            #expect(try (embedded.json()["images"] as? [Any])?.count == 2)
        }
    }

    @Test func aloneEachEndsWithItsCode() throws {
        try withTemporaryDirectory { folder in
            for (path, word) in try makeBad(in: folder) {
                try clip(["rank", path, "--caption", "a"] + Fixture.options).failed(65, path, word)
            }
            try clip(["rank", folder + "/none.jpg", "--caption", "a"] + Fixture.options).failed(66, "none.jpg")
            let empty = folder + "/empty"
            try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
            try clip(["classify", empty, "--labels", "a"] + Fixture.options).failed(65, empty, "no pictures")
            let pattern = folder + "/none-*.jpg"
            try clip(["classify", pattern, "--labels", "a"] + Fixture.options).failed(66, pattern, "no file matches")
        }
    }

    @Test func whatMayNotBeReadIsMissing() throws {
        try withTemporaryDirectory { folder in
            let closed = folder + "/closed"
            try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: false)
            let picture = try Fixture.writePicture(width: 8, height: 8, to: folder + "/picture.png")
            let labels = try Fixture.write("a\n".utf8, to: folder + "/labels.txt")
            let weights = try Fixture.write([0], to: folder + "/weights.safetensors")
            let model = try Fixture.copy(to: closed + "/model")
            for path in [picture, labels, weights, closed] { chmod(path, 0) }
            defer { chmod(closed, 0o755) }
            let launcher = try Fixture.boundByPermissions(picture)
            func refused(_ arguments: [String], _ path: String) throws {
                try clip(["classify", "--threads", "1"] + arguments, launcher: launcher).failed(66, path)
            }
            try refused([picture, "--labels", "a", "--model", Fixture.model], picture)
            try refused([Fixture.photo, "--labels-file", labels, "--model", Fixture.model], labels)
            try refused([Fixture.photo, "--labels", "a", "--model", Fixture.model, "--weights", weights], weights)
            try refused([closed + "/picture.png", "--labels", "a", "--model", Fixture.model], closed)
            let train = ["train", "--train-data", closed, "--output", folder + "/run", "--model", Fixture.model]
            try clip(train, launcher: launcher).failed(66, closed)
            try clip("tokenize", "a", "--model", model.path, launcher: launcher).failed(64, "neither a directory")
        }
    }

    @Test func nothingIsHalfWritten() throws {
        try withTemporaryDirectory { folder in
            let bad = try Fixture.write([0xFF, 0xD8, 0xFF], to: folder + "/bad.jpg")
            let file = folder + "/vectors.npy"
            let embed = ["embed", "--image", Fixture.photo, "--image", bad, "--json", "--output", file, "--strict"]
            try clip(embed + Fixture.options).failed(65, bad)
            try clip(["embed", "--image", bad, "--output", file] + Fixture.options).failed(65, bad)
            try clip(["embed", "--image", bad, "--output", file, "--skip-unreadable"] + Fixture.options).failed(65, bad)
            try clip(["preprocess", Fixture.photo, bad, "--output", file] + Fixture.options).failed(65, bad)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["bad.jpg"])
        }
    }

    @Test func aBadPictureLeavesTheOthersAndIsNamed() throws {
        try withTemporaryDirectory { folder in
            let bad = try Fixture.write([0xFF, 0xD8, 0xFF], to: folder + "/bad.jpg")
            let file = folder + "/vectors.npy"
            let list = try Fixture.write("\(Fixture.photo)\nbad.jpg\n".utf8, to: folder + "/images.txt")
            // A relative name of a list is looked for beside the list too.
            let outcome = try clip(
                ["embed", "--images-file", list, "--text", "a", "--output", file, "--json"] + Fixture.options)
            #expect(outcome.status == 65 && outcome.errors.count == 1)
            #expect(outcome.errors.first?.contains(bad) == true)
            let document = try outcome.json()
            #expect((document["images"] as? [Any])?.count == 1 && (document["texts"] as? [Any])?.count == 1)
            let skipped = try #require(document["skipped"] as? [[String: String]])
            #expect(skipped.map { $0["image"] } == [bad])
            let written =
                try JSONSerialization.jsonObject(
                    with: Data(contentsOf: URL(fileURLWithPath: file + ".json"))) as? [String: Any]
            let left = try #require(written?["left_out"] as? [[String: String]])
            #expect(left.map { $0["name"] } == [bad] && left[0]["reason"]?.contains("JPEG") == true)
            #expect((written?["rows"] as? [Any])?.count == 2)
            let compared = try clip("compare", file, file, "--threads", "1").succeeded()
            #expect(compared.text.contains("photo"))
            try clip("embed", "--image", bad, "--image", bad, "--strict", "--skip-unreadable", "--json").failed(
                64, "--strict")
        }
    }

    @Test func outputsThatCannotBeWrittenAreRefused() throws {
        try withTemporaryDirectory { folder in
            let lost = folder + "/none/vectors.npy"
            try clip(["embed", "--text", "a", "--output", lost] + Fixture.options).failed(70, lost, "no folder")
            try clip(["preprocess", Fixture.photo, "--output", folder] + Fixture.options).failed(70, folder)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    #if os(Linux)
    @Test func aFullDiskIsToldOf() throws {
        // Standard output goes where every write fails.
        let shell = ["/bin/sh", "-c", "exec \"$@\" > /dev/full", "sh"]
        for form in [["--json"], []] {
            try clip(["tokenize", "a"] + form + Fixture.named, launcher: shell).failed(70, "standard output")
        }
    }
    #endif
}
