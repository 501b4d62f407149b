import Foundation
import ModelHub
import Torch
import Transfer

/// Whether a model that is not on this machine may be fetched.
public enum DownloadPolicy: Sendable, Equatable {
    /// What the cache lacks is downloaded.
    case allowed
    /// What is not here is missing.
    case never
}

extension CLIPModel {
    /// A model, ready to answer; what this machine lacks of it is downloaded.
    ///
    /// Canceling the task ends the download or the loading. A file gets its name only when it is whole and verified:
    /// what had come by then waits beside it (`….incomplete`) and is continued by the next call.
    ///
    /// - Parameters:
    ///   - name: a model directory, a JSON configuration, the bundled model's name, an architecture's (with `weights`),
    ///     OpenAI's own (`ViT-B/32`), open_clip's with a training tag (`ViT-B-32/laion2b_s34b_b79k`), or a repository
    ///     of the Hugging Face hub (`hf-hub:owner/name`).
    ///   - weights: a file to read instead of the model's own: safetensors, a PyTorch archive, or an index of shards.
    ///   - device: where to compute.
    ///   - precision: what the towers compute in.
    ///   - isDeterministic: see ``Answering/isDeterministic``.
    ///   - download: whether what is not here may be fetched.
    ///   - hub: the hub and its cache; nil for what huggingface_hub's environment variables say.
    ///   - progress: told how far the download is, on another thread.
    /// - Throws: ``CLIPError``, `ModelHubError`, or `CancellationError`.
    public static func load(
        _ name: String = ModelCatalog.bundledName, weights: String? = nil, device: Device = .cpu,
        precision: InferencePrecision = .auto, isDeterministic: Bool = false, download: DownloadPolicy = .allowed,
        hub: HubConfiguration? = nil,
        progress: @escaping @Sendable (HubProgress) -> Void = { _ in }
    ) async throws -> CLIPModel {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await OffPool.waiting {
                Engine.initialize()
                var options = DownloadOptions()
                options.isCancelled = { flag.isSet }
                options.pause = { seconds in
                    let end = Date(timeIntervalSinceNow: seconds)
                    while !flag.isSet, end.timeIntervalSinceNow > 0 {
                        Thread.sleep(forTimeInterval: min(0.1, max(0, end.timeIntervalSinceNow)))
                    }
                }
                var lookup = ModelCatalog.Lookup()
                lookup.hub = { Hub(try hub ?? HubConfiguration(), options: options) }
                lookup.download = download
                lookup.needsWeights = weights == nil
                lookup.progress = progress
                do {
                    let description = try lookup.description(of: name)
                    if flag.isSet { throw CancellationError() }
                    let model = try description.loaded(
                        weights: weights, device: device,
                        answering: Answering(precision, isDeterministic: isDeterministic))
                    if flag.isSet { throw CancellationError() }
                    return model
                } catch ModelHubError.transfer(.cancelled) {
                    throw CancellationError()
                }
            }
        } onCancel: {
            flag.set()
        }
    }
}

/// Set once, from any thread.
final class CancellationFlag: @unchecked Sendable {
    private let lock = NSLock()
    private var isRaised = false  // guarded by `lock`

    var isSet: Bool { lock.withLock { isRaised } }

    func set() { lock.withLock { isRaised = true } }
}

/// Work that would keep a thread of the cooperative pool from everybody else.
enum OffPool {
    private static let waiters = DispatchQueue(
        label: "swift-clip.waiting", qos: .userInitiated, attributes: .concurrent)
    private static let computer = DispatchQueue(label: "swift-clip.computing", qos: .userInitiated)

    /// Work that waits for disks and networks, beside others of its kind.
    static func waiting<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await run(on: waiters, body)
    }

    /// One batch's work, which takes all cores: one at a time, in the order they came, unless its task is canceled
    /// meanwhile.
    static func computing<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try Task.checkCancellation()
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await run(on: computer) {
                if flag.isSet { throw CancellationError() }
                return try body()
            }
        } onCancel: {
            flag.set()
        }
    }

    private static func run<R: Sendable>(
        on queue: DispatchQueue, _ body: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
