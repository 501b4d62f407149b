import CLIP
import CLIPTraining
import Torch

// What can be known of a run before it: what it costs, and whether one batch can be learned.
extension TrainingSession {
    /// `--dry-run`: nothing is written, and data are only counted.
    func printCost(_ dry: DryRunOptions) throws {
        let description = try described()
        var perEpoch: Int?
        if settings.length.steps == nil || settings.sources.pairCount != nil {
            perEpoch = try batchesPerEpoch(of: openTraining())
        }
        let report = try dry.report(
            description, configuration(batchesPerEpoch: perEpoch, model: description), stepsPerEpoch: perEpoch,
            device: LearningOptions(settings).device.device)
        if json {
            try Console.printJSON(report)
        } else {
            for line in report.lines { try Console.answer(line) }
        }
    }

    /// `--overfit-one-batch`.
    func overfitOneBatch() throws {
        let description = try described()
        let training = try openTraining()
        var configuration = configuration(batchesPerEpoch: nil, model: description)
        configuration.totalSteps = settings.length.steps ?? OverfitCheck.defaultSteps
        configuration.augmentation = TrainingAugmentation()
        try Engine.seed(configuration.seed)
        let check = OverfitCheck(
            try startingModel(description, on: LearningOptions(settings).device.device), configuration: configuration,
            training: training, loaderThreads: settings.data.workers)
        let progress = TrainingProgress(totalSteps: configuration.totalSteps)
        let stop = StopRequest()
        let signals = Self.stopping(stop)
        let verdict = try withExtendedLifetime(signals) {
            try check.run(stop: stop) { progress.show(.step($0, epoch: 0, pairsPerSecond: 0, secondsLeft: 0)) }
        }
        Console.endStatus()
        try verdict.check()
        if json {
            try Console.printJSON(OverfitDocument(verdict))
        } else {
            try Console.answer("\(verdict)")
        }
    }

    /// The document `clip train --overfit-one-batch --json` prints.
    private struct OverfitDocument: Encodable {
        let learned: Bool
        let firstLoss: Double
        let lastLoss: Double
        let threshold: Double
        let steps: Int

        init(_ verdict: OverfitCheck.Verdict) {
            learned = verdict.isLearned
            (firstLoss, lastLoss) = (verdict.firstLoss, verdict.lastLoss)
            (threshold, steps) = (verdict.threshold, verdict.steps)
        }
    }
}
