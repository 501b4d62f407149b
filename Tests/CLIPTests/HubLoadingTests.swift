import Foundation
import LoopbackServer
import ModelHub
import TestSupport
import Testing
import Torch

@testable import CLIP

/// A model by a hub's name, from a hub on this machine.
@Suite struct HubLoadingTests {
    /// A hub with one of the fixtures.
    private static func hub() throws -> FakeHub {
        let folder = try FixtureModel.root() + "/families/hf-clip"
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !name.hasPrefix("expected") {
            files[name] = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
        }
        return FakeHub(files: files)
    }

    private func configuration(_ server: TestServer, _ folder: String) throws -> HubConfiguration {
        try HubConfiguration(environment: [
            "HF_ENDPOINT": server.url().absoluteString, "HF_HUB_CACHE": folder + "/hub", "HOME": folder,
        ])
    }

    /// Every file below a folder.
    private func files(_ folder: String) -> [String] {
        FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    }

    private func withServer(
        _ handler: @escaping @Sendable (Asked, Int) -> Reply,
        body: (TestServer, _ folder: String) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "swift-clip-hub-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try TestServer(handler)
        defer { server.stop() }
        try await body(server, folder)
    }

    @Test func whatTheCacheLacksIsDownloadedOnce() async throws {
        let hub = try Self.hub()
        let honest: @Sendable (Asked, Int) -> Reply = { asked, _ in hub.reply(to: asked) }
        try await withServer(honest) { server, folder in
            let configuration = try configuration(server, folder)
            await #expect(throws: CLIPError.notDownloaded(name: "hf-hub:owner/name")) {
                try await CLIPModel.load("hf-hub:owner/name", download: .never, hub: configuration)
            }
            #expect(server.asked.isEmpty)
            let told = Told()
            let clip = try await CLIPModel.load("hf-hub:owner/name", hub: configuration) { told.add($0) }
            let plain = try ModelCatalog.description(of: FixtureModel.root() + "/families/hf-clip")
                .loaded(answering: Answering())
            let texts = ["a dog", "狗"]
            #expect(try await clip.embed(texts: texts).vectors.bytes() == plain.vectors(texts: texts).bytes())
            let last = try #require(told.all.last)
            #expect(last.done == last.total && last.done > 80_000)
            let asked = server.asked.count
            let again = try await CLIPModel.load("hf-hub:owner/name", download: .never, hub: configuration)
            #expect(try again.space(normalized: true).fingerprint == clip.space(normalized: true).fingerprint)
            #expect(server.asked.count == asked)
        }
    }

    /// An architecture that is not read is refused by its configuration: the weights are never asked for.
    @Test func whatIsNotReadIsRefusedBeforeItsWeights() async throws {
        var hub = try Self.hub()
        hub.files["config.json"] = Array(#"{"model_type": "blip"}"#.utf8)
        let honest: @Sendable (Asked, Int) -> Reply = { [hub] asked, _ in hub.reply(to: asked) }
        try await withServer(honest) { server, folder in
            let configuration = try configuration(server, folder)
            let error = await #expect(throws: CLIPError.self) {
                try await CLIPModel.load("hf_hub:owner/name", hub: configuration)
            }
            guard case .configuration(_, "model_type", _) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(server.asked.contains { $0.path.hasSuffix("config.json") })
            #expect(!server.asked.contains { $0.path.hasSuffix("model.safetensors") })
        }
    }

    /// So is a model with another's tokenizer.
    @Test func anothersTokenizerIsRefusedBeforeTheWeights() async throws {
        var hub = try Self.hub()
        hub.files["config.json"] = hub.files["config.json"].map {
            Array(String(decoding: $0, as: UTF8.self).replacingOccurrences(of: "574", with: "901629").utf8)
        }
        let honest: @Sendable (Asked, Int) -> Reply = { [hub] asked, _ in hub.reply(to: asked) }
        try await withServer(honest) { server, folder in
            let configuration = try configuration(server, folder)
            let error = await #expect(throws: CLIPError.self) {
                try await CLIPModel.load("hf-hub:owner/name", hub: configuration)
            }
            #expect(error?.description.contains("901629") == true)
            #expect(!server.asked.contains { $0.path.hasSuffix("model.safetensors") })
        }
    }

    /// A known name whose architecture is not read is refused before anything is asked for, by either of its names.
    @Test(arguments: ["ViTamin-L/datacomp1b", "hf-hub:timm/PE-Core-B-16", "MobileCLIP-S1/datacompdr", "PE-Core-B-16"])
    func aKnownNameThatIsNotReadIsRefusedAtOnce(_ name: String) async throws {
        let failing: @Sendable (Asked, Int) -> Reply = { _, _ in Reply(status: 500) }
        try await withServer(failing) { server, folder in
            let configuration = try configuration(server, folder)
            for policy in [DownloadPolicy.allowed, .never] {
                let error = await #expect(throws: CLIPError.self) {
                    try await CLIPModel.load(name, download: policy, hub: configuration)
                }
                guard case .unreadArchitecture(name, _) = error else {
                    return #expect(Bool(false), "\(String(describing: error))")
                }
            }
            #expect(server.asked.isEmpty)
        }
    }

    /// Every published name is read, or known not to be; none is both.
    @Test func everyPublishedArchitectureIsReadOrRefusedByName() {
        for checkpoint in HubNames.checkpoints {
            let isRead = BuiltInModels.configuration(named: checkpoint.model) != nil
            #expect(isRead == (UnreadArchitectures.reason(checkpoint.model) == nil), "\(checkpoint.model)")
        }
    }

    /// The server stops in the middle of the weights: the download would wait for half a minute, and try again.
    @Test func aCanceledDownloadEndsAndLeavesNoModel() async throws {
        let hub = try Self.hub()
        let stalling: @Sendable (Asked, Int) -> Reply = { asked, _ in
            var reply = hub.reply(to: asked)
            if asked.method == "GET", asked.path.hasSuffix("model.safetensors") {
                reply.headers["Content-Length"] = "\(reply.body.count)"
                (reply.dropsAfter, reply.stalls) = (10_000, true)
            }
            return reply
        }
        try await withServer(stalling) { server, folder in
            let configuration = try configuration(server, folder)
            let task = Task { try await CLIPModel.load("hf-hub:owner/name", hub: configuration) }
            while !server.asked.contains(where: { $0.method == "GET" && $0.path.hasSuffix("model.safetensors") }) {
                try await Task.sleep(for: .milliseconds(20))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(!files(folder).contains { $0.hasSuffix("model.safetensors") })
            await #expect(throws: CLIPError.notDownloaded(name: "hf-hub:owner/name")) {
                try await CLIPModel.load("hf-hub:owner/name", download: .never, hub: configuration)
            }
        }
    }
}

/// What a download told, from another thread.
private final class Told: @unchecked Sendable {
    private let lock = NSLock()
    private var progress: [HubProgress] = []

    var all: [HubProgress] { lock.withLock { progress } }

    func add(_ next: HubProgress) { lock.withLock { progress.append(next) } }
}
