import Foundation
import LoopbackServer
import Testing

@testable import ModelHub

@Suite struct HubTests {
    private static let files: [String: [UInt8]] = [
        "open_clip_config.json": Array("{}".utf8), "config.json": Array("{ }".utf8),
        "tokenizer.json": Array("{\"a\": 1}".utf8), "README.md": Array("# model".utf8),
        "open_clip_model.safetensors": sampleBytes(2_500_000),
        "open_clip_pytorch_model.bin": sampleBytes(1000, seed: 2),
        "model.safetensors": sampleBytes(900, seed: 3), "odd names/ä #1.txt": Array("odd".utf8),
    ]
    private let files = Self.files
    private let large: Set = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.safetensors"]

    private func hub() -> FakeHub { FakeHub(files: files, large: large, token: "hf_abc") }

    /// The layout of huggingface_hub, name by name and link by link; and what the servers were asked.
    @Test func aSnapshotInHuggingFacesLayout() throws {
        try withHub(hub()) { server, store, folder in
            let hub = Hub(try configuration(server, folder, token: "hf_abc"))
            let repository = try HubRepository("owner/name")
            #expect(hub.cachedSnapshot(of: repository) == nil)
            var last: HubProgress?
            let path = try hub.snapshot(of: repository) { last = $0 }
            let root = folder + "/hub/models--owner--name"
            #expect(path == "\(root)/snapshots/\(FakeHub.commit)")
            #expect(contents(root + "/refs/main") == Array(FakeHub.commit.utf8))
            let names = ["config.json", "open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json"]
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == names)
            for name in names {
                let bytes = try #require(files[name])
                let tag = large.contains(name) ? sha256(bytes) : gitBlob(bytes)
                let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(path)/\(name)")
                #expect(link == "../../blobs/\(tag)")
                #expect(difference("\(path)/\(name)", bytes) == nil)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/blobs").count == names.count)
            let total = names.reduce(0) { $0 + (files[$1]?.count ?? 0) }
            #expect(last == HubProgress(file: "open_clip_model.safetensors", done: total, total: total))
            #expect(store.asked.map(\.method) == ["GET"])
            #expect(store.asked.allSatisfy { $0.headers["authorization"] == nil })
            #expect(hub.cachedSnapshot(of: repository) == path)
            #expect(hub.cachedSnapshot(of: try HubRepository("owner/name", revision: FakeHub.commit)) == path)
            #expect(hub.cachedSnapshot(of: try HubRepository("owner/name", revision: "other")) == nil)
        }
    }

    /// A second call asks for the list only; a lost file comes again.
    @Test func whatIsThereIsNotFetchedAgain() throws {
        try withHub(hub()) { server, store, folder in
            let hub = Hub(try configuration(server, folder, token: "hf_abc"))
            let path = try hub.snapshot(of: try HubRepository("owner/name"))
            let before = server.asked.count
            #expect(try hub.snapshot(of: try HubRepository("owner/name")) == path)
            #expect(server.asked.count == before + 1)
            try FileManager.default.removeItem(atPath: path + "/config.json")
            _ = try hub.snapshot(of: try HubRepository("owner/name"))
            // The blob is there yet: one question for its name, and no bytes.
            #expect(server.asked.dropFirst(before + 1).map(\.method) == ["GET", "HEAD"])
            #expect(difference(path + "/config.json", files["config.json"]) == nil)
            #expect(store.asked.count == 1)
        }
    }

    @Test func anInterruptedSnapshotIsContinued() throws {
        let breaking: @Sendable (Asked, Int, [UInt8]) -> Reply = { asked, earlier, bytes in
            var reply = Reply.file(bytes, to: asked)
            if earlier == 0 { reply.dropsAfter = 1_500_000 }
            return reply
        }
        try withHub(hub(), store: breaking) { server, store, folder in
            let settings = try configuration(server, folder, token: "hf_abc")
            let repository = try HubRepository("owner/name")
            let error = hubError {
                _ = try Hub(settings, options: Pauses().options(attempts: 1)).snapshot(of: repository)
            }
            guard case .transfer(.unreachable) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(Hub(settings).cachedSnapshot(of: repository) == nil)
            let path = try Hub(settings).snapshot(of: repository)
            #expect(difference(path + "/open_clip_model.safetensors", files["open_clip_model.safetensors"]) == nil)
            #expect(store.asked.map(\.rangeStart) == [nil, 1_500_000])
        }
    }

    @Test func foldersAndOddNames() throws {
        try withHub(hub()) { server, _, folder in
            let hub = Hub(try configuration(server, folder, token: "hf_abc"))
            let odd = "odd names/ä #1.txt"
            let path = try hub.snapshot(
                of: try HubRepository("owner/name", revision: "refs/pr/1"), selecting: .matching { $0 == odd })
            #expect(difference("\(path)/\(odd)", files[odd]) == nil)
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(path)/\(odd)")
            #expect(link.hasPrefix("../../../blobs/"))
            #expect(contents(folder + "/hub/models--owner--name/refs/refs/pr/1") == Array(FakeHub.commit.utf8))
            #expect(server.asked.first?.path == "/api/models/owner/name/revision/refs%2Fpr%2F1")
        }
    }

    /// What an index lists comes with it, and its absence is noticed.
    @Test func weightsInSeveralFiles() throws {
        let map = #""a": "part-1.safetensors", "b": "sub/2.bin", "c": "part-1.safetensors""#
        let index = Array("{\"metadata\": {}, \"weight_map\": {\(map)}}".utf8)
        let files = [
            "config.json": Array("{}".utf8), "model.safetensors.index.json": index, "pytorch_model.bin": [1],
            "part-1.safetensors": [1, 2], "sub/2.bin": [3, 4, 5],
        ]
        try withHub(FakeHub(files: files)) { server, _, folder in
            let hub = Hub(try configuration(server, folder))
            let repository = try HubRepository("owner/name")
            let path = try hub.snapshot(of: repository)
            let cache = HubCache(root: hub.configuration.cacheDirectory, repository: repository)
            let names = ["config.json", "model.safetensors.index.json", "part-1.safetensors", "sub/2.bin"]
            #expect(cache.files(of: FakeHub.commit).sorted() == names)
            #expect(hub.cachedSnapshot(of: repository) == path)
            try FileManager.default.removeItem(atPath: path + "/sub/2.bin")
            #expect(hub.cachedSnapshot(of: repository) == nil)
        }
    }

    @Test func offlineOnlyTheCacheIsAsked() throws {
        try withHub(hub()) { server, _, folder in
            let offline = Hub(try configuration(server, folder, offline: true))
            let repository = try HubRepository("owner/name")
            let error = hubError { _ = try offline.snapshot(of: repository) }
            #expect(error == .offline(wanted: "owner/name"))
            #expect(server.asked.isEmpty)
            let path = try Hub(try configuration(server, folder, token: "hf_abc")).snapshot(of: repository)
            let before = server.asked.count
            #expect(try offline.snapshot(of: repository) == path)
            #expect(server.asked.count == before)
        }
    }

    @Test func aHubOutOfReachLeavesTheCache() throws {
        try withHub(hub()) { server, _, folder in
            let pauses = Pauses()
            let hub = Hub(try configuration(server, folder, token: "hf_abc"), options: pauses.options())
            let path = try hub.snapshot(of: try HubRepository("owner/name"))
            server.stop()
            #expect(try hub.snapshot(of: try HubRepository("owner/name")) == path)
            #expect(pauses.seconds.isEmpty)
            let error = hubError { _ = try hub.snapshot(of: try HubRepository("owner/other")) }
            guard case .transfer(.unreachable) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(pauses.seconds == [1, 2, 4, 8])
        }
    }

    @Test func gatedRepositoriesSayWhatToDo() throws {
        try withHub(hub()) { server, _, folder in
            let hub = Hub(try configuration(server, folder))
            let error = hubError { _ = try hub.snapshot(of: try HubRepository("owner/name")) }
            guard case .transfer(.unauthorized(_, 401, false)) = error else { return #expect(Bool(false)) }
            #expect("\(try #require(error))".contains("HF_TOKEN"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/hub"))
        }
    }

    @Test(arguments: ["../../x", "/etc/passwd", "a/../../x", "a\\b", "a\u{0}b", "a//b", "", "a/."])
    func hostileListingsAreRefused(_ name: String) throws {
        var hostile = hub()
        hostile.extraNames = [name]
        try withHub(hostile) { server, _, folder in
            let hub = Hub(try configuration(server, folder, token: "hf_abc"))
            let error = hubError { _ = try hub.snapshot(of: try HubRepository("owner/name"), selecting: .everything) }
            guard case .invalidName("file", name, _) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(server.asked.count == 1)
            #expect(!FileManager.default.fileExists(atPath: folder + "/hub"))
        }
    }

    @Test(arguments: ["../x", "main", "0123456789ABCDEF0123456789abcdef01234567"])
    func hostileCommitsAreRefused(_ sha: String) throws {
        var hostile = hub()
        hostile.sha = sha
        try withHub(hostile) { server, _, folder in
            let hub = Hub(try configuration(server, folder, token: "hf_abc"))
            let error = hubError { _ = try hub.snapshot(of: try HubRepository("owner/name")) }
            guard case .transfer(.invalidAnswer) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
        }
    }

    @Test(arguments: ["[]", "{", "{\"sha\": 1}", String(repeating: "[", count: 100_000)])
    func listsThatAreNoneAreRefused(_ text: String) throws {
        try withFolder { folder in
            try withServer({ _, _ in Reply(body: Array(text.utf8)) }) { server in
                let hub = Hub(try configuration(server, folder))
                let error = hubError { _ = try hub.snapshot(of: try HubRepository("owner/name")) }
                guard case .transfer(.invalidAnswer) = error else {
                    return #expect(Bool(false), "\(String(describing: error))")
                }
            }
        }
    }

    /// Small files are verified by the SHA-1 that names them, Git's or (mirrors) the plain one; wrong ones do not stay.
    @Test(arguments: [
        ("f572d396fae9206628714fb2ce00f72e94f2258f", true), ("ce013625030ba8dba906f756967f9e9ca394464a", true),
        ("0000000000000000000000000000000000000000", false), ("no-checksum-1", true),
    ]) func smallFilesAreVerified(_ tag: String, _ isRight: Bool) throws {
        try withFolder { folder in
            let fake = FakeHub(files: ["config.json": Array("hello\n".utf8)])
            try withServer({ asked, _ in
                guard asked.path.contains("/resolve/") else { return fake.reply(to: asked) }
                return Reply(headers: ["ETag": "\"\(tag)\""], body: Array("hello\n".utf8))
            }) { server in
                let hub = Hub(try configuration(server, folder))
                let repository = try HubRepository("owner/name")
                let error = hubError { _ = try hub.snapshot(of: repository, selecting: .configuration) }
                #expect((error == nil) == isRight, "\(String(describing: error))")
                if let error {
                    guard case .transfer(.checksumMismatch(_, tag, _)) = error else {
                        return #expect(Bool(false), "\(error)")
                    }
                }
                let blobs = try FileManager.default.contentsOfDirectory(
                    atPath: folder + "/hub/models--owner--name/blobs")
                #expect(blobs == (isRight ? [tag] : []))
            }
        }
    }

    /// A model of sentence-transformers, its shards beside their index in a folder.
    @Test func aModelInAFolderOfItsRepository() throws {
        let folderName = "0_CLIPModel/"
        let index = Array(#"{"weight_map": {"a": "part-1.safetensors"}}"#.utf8)
        let files = [
            "modules.json": Array("[]".utf8), folderName + "config.json": Array("{}".utf8),
            folderName + "model.safetensors.index.json": index, folderName + "part-1.safetensors": [1, 2],
            "README.md": [3],
        ]
        try withHub(FakeHub(files: files)) { server, _, folder in
            let hub = Hub(try configuration(server, folder))
            let repository = try HubRepository("owner/name")
            let path = try hub.snapshot(of: repository)
            let cache = HubCache(root: hub.configuration.cacheDirectory, repository: repository)
            #expect(Set(cache.files(of: FakeHub.commit)) == Set(files.keys).subtracting(["README.md"]))
            #expect(hub.cachedSnapshot(of: repository) == path)
        }
    }

    /// What the check refuses is refused before the weights are asked for, and nothing but small files was fetched.
    @Test func aRefusedRepositorysWeightsAreNotFetched() throws {
        struct Refusal: Error {}
        let repository = try HubRepository("owner/name")
        try withHub(hub()) { server, store, folder in
            let hub = Hub(try configuration(server, folder, token: "hf_abc"))
            #expect(throws: Refusal.self) {
                try hub.fetch(
                    .repository(repository),
                    checking: { path in
                        #expect(contents(path + "/open_clip_config.json") == files["open_clip_config.json"])
                        throw Refusal()
                    })
            }
            #expect(store.asked.isEmpty && !server.asked.contains { $0.path.hasSuffix("model.safetensors") })
            #expect(hub.cachedSnapshot(of: repository) == nil)
            let path = try hub.fetch(.repository(repository), checking: { _ in })
            #expect(hub.cachedSnapshot(of: repository) == path)
        }
    }

    @Test func aRepositoryWithoutWeights() throws {
        try withHub(FakeHub(files: ["config.json": [1], "flax_model.msgpack": [2]])) { server, _, folder in
            let hub = Hub(try configuration(server, folder))
            let error = hubError { _ = try hub.snapshot(of: try HubRepository("owner/name")) }
            let flax = ForeignFiles.weights(format: "Flax", file: "flax_model.msgpack")
            #expect(error == .noWeights(repository: "owner/name", holds: flax))
        }
    }

    /// OpenAI's file under its own name, and again if it is only half there.
    @Test func anOpenAIModel() throws {
        let bytes = sampleBytes(300_000)
        let model = OpenAIModel(name: "Test", sha256: sha256(bytes), fileName: "Test.pt")
        try withFolder { folder in
            try withServer({ asked, _ in
                asked.path == "/clip/models/\(model.sha256)/Test.pt" ? .file(bytes, to: asked) : Reply(status: 404)
            }) { server in
                let hub = Hub(try configuration(server, folder))
                try write(Array(bytes[..<1000]), folder + "/.cache/clip/Test.pt")
                #expect(hub.cachedModel(model) == nil)
                let path = try hub.fetch(.openAI(model))
                #expect(path == folder + "/.cache/clip/Test.pt")
                #expect(difference(path, bytes) == nil)
                #expect(hub.cached(.openAI(model)) == path)
                #expect(try hub.model(model) == path)
                #expect(server.asked.count == 1)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/.cache/clip") == ["Test.pt"])
            }
        }
    }
}
