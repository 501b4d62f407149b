import CLIP
import CLIPEvaluation
import Files

/// Runs a suite on the model as it is between epochs; its results are in a folder for each of them.
struct SuiteObserver: ModelObserver {
    private let suite: SuiteFile
    private let folder: String
    private let progress: TrainingProgress

    /// - Throws: what reading the suite throws.
    init(suite: String, run: String, skips progress: TrainingProgress) throws {
        self.suite = try SuiteFile(path: suite)
        folder = Folder.join(run, "suite")
        self.progress = progress
    }

    func observe(_ clip: CLIPModel, epoch: Int, shouldStop: @escaping @Sendable () -> Bool) throws {
        // The weights are no file's, and are others after the next step: their embeddings are not kept.
        let evaluator = try Evaluator(clip, cache: nil, fingerprint: "epoch \(epoch) of \(folder)")
        let run = SuiteRun(
            suite, evaluator, folder: Folder.join(folder, "epoch-\(epoch)"), command: "clip train",
            version: String(ClipCommand.configuration.version.dropFirst("swift-clip ".count)), shouldStop: shouldStop,
            onSkip: { progress.skipped($0) })
        try run.run { event in
            if case .begins(let name, let place, let count) = event {
                Console.note("epoch \(epoch), suite \(place + 1)/\(count): \(name)")
            }
        }
    }
}
