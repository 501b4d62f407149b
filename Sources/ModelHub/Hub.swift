import Files
import Foundation
import Transfer

/// How far the download of a model is.
public struct HubProgress: Sendable, Equatable {
    /// The file that is being fetched.
    public let file: String
    /// Bytes that are there, of all files wanted.
    public let done: Int
    /// Bytes of all files wanted, as far as the hub says their sizes.
    public let total: Int?
}

/// The Hugging Face hub and OpenAI's models, with the caches that Python's huggingface_hub and clip use: what they
/// fetched is found, and they find what is fetched here. All calls block, and may come from any thread.
public struct Hub: Sendable {
    /// Where the hub and the caches are.
    public let configuration: HubConfiguration
    let downloader: Downloader

    /// - Parameters:
    ///   - configuration: where the hub and the caches are.
    ///   - options: how patient downloads are, and how large a file may be.
    public init(_ configuration: HubConfiguration, options: DownloadOptions = DownloadOptions()) {
        self.configuration = configuration
        downloader = Downloader(options: options)
    }

    /// The folder of a repository's files, if all that is wanted is in the cache; the network is not asked.
    public func cachedSnapshot(of repository: HubRepository, selecting selection: FileSelection = .model) -> String? {
        let cache = HubCache(root: configuration.cacheDirectory, repository: repository)
        guard let commit = cache.commit() else { return nil }
        let chosen = selection.choose(cache.files(of: commit))
        guard !chosen.isEmpty else { return nil }
        if selection.weights == .fetched {
            guard let weights = FileSelection.chosenWeights(chosen) else { return nil }
            guard let files = try? WeightIndex.shards(of: weights, in: cache.snapshot(commit)) else { return nil }
            guard files.allSatisfy({ cache.hasFile($0, commit: commit) }) else { return nil }
        }
        return cache.snapshot(commit)
    }

    /// Fetches what the cache lacks of a repository's files. Where the hub cannot be reached, what is in the cache does.
    ///
    /// - Parameters:
    ///   - repository: whose files, and of which revision.
    ///   - selection: which of them.
    ///   - progress: called on this thread.
    /// - Returns: the folder of the files.
    /// - Throws: ``ModelHubError``. What has arrived by then is kept and continued by the next call.
    public func snapshot(
        of repository: HubRepository, selecting selection: FileSelection = .model,
        progress: (HubProgress) -> Void = { _ in }
    ) throws(ModelHubError) -> String {
        let cached = cachedSnapshot(of: repository, selecting: selection)
        if configuration.isOffline {
            guard let cached else { throw .offline(wanted: "\(repository)") }
            return cached
        }
        let cache = HubCache(root: configuration.cacheDirectory, repository: repository)
        let server = HubServer(configuration: configuration, repository: repository, downloader: downloader)
        let listing: (commit: String, names: [String])
        do throws(ModelHubError) {
            listing = try server.listing(attempts: cached == nil ? downloader.options.attempts : 1)
        } catch {
            guard error.isTransient, let cached else { throw error }
            return cached
        }
        var names = selection.choose(listing.names)
        let weights = selection.weights == .asChosen ? nil : FileSelection.chosenWeights(listing.names)
        if selection.weights != .asChosen, weights == nil {
            throw .noWeights(repository: "\(repository)", holds: ForeignFiles(among: listing.names))
        }
        guard !names.isEmpty else { throw .transfer(.notFound(url: "\(repository): the files that were chosen")) }
        try HubCache.makeFolder(cache.root)
        cache.mark()
        let job = SnapshotJob(cache: cache, server: server, commit: listing.commit)
        if selection.weights == .fetched, let weights, ModelFiles.isIndex(weights) {
            // The index says which files hold the weights, so it comes first and alone.
            try job.fetch([weights]) { _ in }
            let shards = try WeightIndex.shards(of: weights, in: cache.snapshot(listing.commit))
            names += shards.filter { !names.contains($0) }
        }
        try job.fetch(names, progress: progress)
        try cache.remember(listing.commit)
        return cache.snapshot(listing.commit)
    }

    /// The path of one of OpenAI's models, if it is in the cache and whole; the network is not asked.
    ///
    /// The file is read to the end, for OpenAI's own program leaves half a file under the full name when it is stopped.
    public func cachedModel(_ model: OpenAIModel) -> String? {
        let path = "\(configuration.openAIDirectory)/\(model.fileName)"
        let file = RemoteFile(request: HTTPRequest(url: configuration.openAIEndpoint), checksum: .sha256(model.sha256))
        return (try? file.isThere(at: path)) == true ? path : nil
    }

    /// Fetches one of OpenAI's models, unless it is in the cache and whole.
    /// - Returns: the path of the file.
    public func model(
        _ model: OpenAIModel, progress: (HubProgress) -> Void = { _ in }
    ) throws(ModelHubError) -> String {
        if configuration.isOffline {
            guard let path = cachedModel(model) else { throw .offline(wanted: model.name) }
            return path
        }
        let path = "\(configuration.openAIDirectory)/\(model.fileName)"
        let url = configuration.openAIEndpoint.appendingPathComponent(model.sha256)
            .appendingPathComponent(model.fileName)
        try ModelHubError.wrapping { () throws(TransferError) in
            try downloader.fetch(url, to: path, sha256: model.sha256) { done, total in
                progress(HubProgress(file: model.fileName, done: done, total: total))
            }
        }
        return path
    }

    /// Fetches what the cache lacks of a model, wherever it comes from.
    /// - Parameters:
    ///   - source: what is to be fetched.
    ///   - check: given the folder of a repository's small files before its weights are fetched; what it throws ends it,
    ///     as a ``ModelHubError`` does.
    ///   - progress: called on this thread.
    /// - Returns: the folder of a repository's files, or the path of an OpenAI archive.
    /// - Throws: ``ModelHubError``, or what `check` throws.
    public func fetch(
        _ source: ModelSource, checking check: ((_ folder: String) throws -> Void)? = nil,
        progress: (HubProgress) -> Void = { _ in }
    ) throws -> String {
        switch source {
        case .repository(let repository):
            if let check { try check(snapshot(of: repository, selecting: .description, progress: progress)) }
            return try snapshot(of: repository, progress: progress)
        case .openAI(let model): return try self.model(model, progress: progress)
        }
    }

    /// Where a model lies in the caches, or `nil`; the network is not asked.
    public func cached(_ source: ModelSource) -> String? {
        switch source {
        case .repository(let repository): cachedSnapshot(of: repository)
        case .openAI(let model): cachedModel(model)
        }
    }
}

/// Brings files of one commit into the cache.
struct SnapshotJob {
    let cache: HubCache
    let server: HubServer
    let commit: String

    func fetch(_ names: [String], progress: (HubProgress) -> Void) throws(ModelHubError) {
        // A commit never changes, so what is there needs no question.
        var wanted: [HubFile] = []
        for name in names where !cache.hasFile(name, commit: commit) {
            wanted.append(try server.file(name, commit: commit))
        }
        var total: Int? = 0
        for file in wanted {
            guard let sum = total, let size = file.size, size <= Int.max - sum else {
                total = nil
                break
            }
            total = sum + size
        }
        var before = 0
        for file in wanted {
            var ofThis = 0
            try fetch(file) { done in
                ofThis = done
                progress(HubProgress(file: file.name, done: before + done, total: total))
            }
            before += file.size ?? ofThis
            // A blob that was there under another name took no bytes.
            if ofThis == 0 { progress(HubProgress(file: file.name, done: before, total: total)) }
        }
    }

    private func fetch(_ file: HubFile, progress: (Int) -> Void) throws(ModelHubError) {
        let blob = cache.blob(file.tag)
        let lockPath = cache.lock(file.tag)
        try ModelHubError.wrapping { () throws(TransferError) in
            try server.downloader.makeFolder(of: lockPath)
            try server.downloader.makeFolder(of: blob)
            try FileLock.hold(lockPath, isCancelled: server.downloader.options.isCancelled) {
                () throws(TransferError) in
                // A blob got its name only when it was whole.
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: blob, isDirectory: &isFolder) else {
                    return try server.downloader.fetch(file.remote, to: blob) { done, _ in progress(done) }
                }
                if isFolder.boolValue { throw .file(FileFault(blob, .creating, .folder)) }
            }
        }
        try cache.link(file.name, commit: commit, to: file.tag)
    }
}
