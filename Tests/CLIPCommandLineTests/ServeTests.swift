import Foundation
import TestSupport
import Testing

/// `clip serve`, and searches that ask it.
@Suite struct ServeTests {
    private struct Setting {
        let folder: String
        let model: String
        var index: String { folder + "/index" }

        /// An index of colored shapes, made with a model of its own folder.
        init(in folder: String) throws {
            self.folder = folder
            model = folder + "/model"
            try FileManager.default.copyItem(atPath: Fixture.model, toPath: model)
            try FileManager.default.createDirectory(
                atPath: folder + "/pictures", withIntermediateDirectories: true)
            for pair in try ShapePairs.make(variants: 0..<1) {
                _ = try Fixture.write(pair.picture, to: folder + "/pictures/\(pair.name).png")
            }
            try clip(
                "index", "add", folder + "/pictures", "--index", index, "--model", model, "--threads", "1"
            ).succeeded()
        }

        /// Starts a server, and waits until it says that it answers.
        func serve(_ more: String...) throws -> ClipProcess {
            let server = try ClipProcess(
                ["serve", "--index", index, "--port", "0", "--json", "--threads", "1"] + more)
            while !FileManager.default.fileExists(atPath: index + "/server.json") {
                try #require(server.process.isRunning, "it ended early")
                Thread.sleep(forTimeInterval: 0.02)
            }
            return server
        }

        func search(_ more: String...) throws -> ClipProcess.Outcome {
            try clip(["search", "--index", index, "--json"] + more)
        }
    }

    @Test func aSearchAsksTheServerThatRuns() throws {
        try withTemporaryDirectory { folder in
            let setting = try Setting(in: folder)
            let picture = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder + "/pictures").sorted().first)
            let path = folder + "/pictures/" + picture
            let queries = [
                ["a red circle", "--top", "5"], ["a red circle", "--subtract", "2:a blue square", "--top", "4"],
                ["--image", path, "--top", "16"], ["a red circle", "--type", "jpg"],
                ["a red circle", "--folder", folder + "/pictures", "--min-score", "-0.5"],
            ]
            let alone = try queries.map {
                try clip(["search", "--index", setting.index, "--json"] + $0).succeeded().json()
            }
            let server = try setting.serve()
            // Without its model's files only a server can answer.
            try FileManager.default.moveItem(atPath: setting.model, toPath: folder + "/away")
            for (query, expected) in zip(queries, alone) {
                let document = try clip(["search", "--index", setting.index, "--json"] + query).succeeded().json()
                func paths(_ document: [String: Any]) -> [String?] {
                    (document["results"] as? [[String: Any]] ?? []).map { $0["image"] as? String }
                }
                #expect(paths(document) == paths(expected), "\(query)")
                #expect(document["index"] as? String == expected["index"] as? String)
                #expect(document["model"] as? String == expected["model"] as? String)
            }
            let permissions = try FileManager.default.attributesOfItem(atPath: setting.index + "/server.json")
            #expect((permissions[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            server.process.terminate()
            let outcome = try server.finish()
            #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.complaints)")
            let document = try outcome.json()
            #expect((document["address"] as? String)?.hasPrefix("http://127.0.0.1:") == true)
            #expect(document["indexes"] as? [String] == ["index"])
            #expect(!FileManager.default.fileExists(atPath: setting.index + "/server.json"))
            #expect(try setting.search("a red circle").status != 0)
        }
    }

    @Test func aServerThatWasKilledIsNotWaitedFor() throws {
        try withTemporaryDirectory { folder in
            let setting = try Setting(in: folder)
            let server = try setting.serve()
            server.kill()
            _ = try server.finish()
            #expect(FileManager.default.fileExists(atPath: setting.index + "/server.json"))
            let document = try setting.search("a red circle", "--threads", "1").succeeded().json()
            #expect((document["results"] as? [[String: Any]])?.count == 10)
            try Data("nonsense".utf8).write(to: URL(fileURLWithPath: setting.index + "/server.json"))
            try setting.search("a red circle", "--threads", "1").succeeded()
        }
    }

    @Test func otherMachinesAreNotAnsweredByAccident() throws {
        try withTemporaryDirectory { folder in
            try Data("\n".utf8).write(to: URL(fileURLWithPath: folder + "/none"))
            for arguments in [
                ["--host", "0.0.0.0"], ["--host", "192.168.1.1"], ["--port", "70000"],
                ["--api-keys", folder + "/none"],
                ["--without-keys", "--api-keys", folder + "/none"], ["--queue", "0"], ["--time-limit", "0"],
            ] {
                #expect(try clip(["serve"] + arguments).status == 64, "\(arguments)")
            }
            #expect(try clip("serve", "--index", folder + "/nowhere").status == 66)
            #expect(try clip("serve", "--host", "0.0.0.0", "--api-keys", folder + "/missing").status == 66)
        }
    }
}
