import CLIP
import CLIPData
import CLIPExperiments
import CLIPTraining
import Foundation
import Torch

/// An experiment from options to its files.
struct ExperimentRun {
    /// What its files are called.
    let name: String
    let experiment: ExperimentOptions
    let data: DataOptions
    let shared: SharedOptions

    func run(_ arms: [ExperimentArm]) throws {
        try DataOptions.check(data.applied())
        let description = try shared.describe()
        if shared.weights != nil {
            throw TrainingError.invalidOption(name: "--weights", problem: "an experiment starts from random weights")
        }
        let training = try data.applied().sources.open(experiment.trainData)
        let heldOut = try data.applied().sources.open(experiment.valData)
        let output = experiment.resume ?? experiment.output ?? ""
        var options = LearningExperiment.Options(
            output: output, pictureCount: try experiment.pictureCount(training, data))
        options.seeds = try experiment.seedList()
        options.firstEvaluation = experiment.evaluationInterval
        options.template = try PromptTemplate(experiment.template)
        options.loaderThreads = data.workers.value
        let progress = ExperimentProgress()
        let device = shared.device.device
        let runner = LearningExperiment(
            configuration: experiment.configuration(data, shared), options: options, training: training,
            heldOut: heldOut, modelName: description.name, onSkip: { progress.skipped($0) },
            makeModel: { arm in try description.shaped(for: arm).untrained(device: device) })
        let curves = try runner.run(arms, resuming: experiment.resume != nil) { progress.show($0) }
        progress.finish()
        let report = ExperimentReport(name: name, curves: curves)
        try report.write(to: output)
        if shared.json {
            try Console.printJSON(object: report.jsonObject())
        } else {
            for line in ExperimentTable.lines(report.comparison) { try Console.answer(line) }
            try Console.answer("page: \(output)/\(name).html")
        }
    }
}

/// Shows an experiment on standard error.
final class ExperimentProgress: @unchecked Sendable {
    private let lock = NSLock()
    private var skippedCount = 0
    private var lastLine = 0.0
    private let isQuiet = !Console.errorIsTerminal

    func skipped(_ sample: SkippedSample) {
        lock.lock()
        defer { lock.unlock() }
        skippedCount += 1
        if skippedCount <= 20 { Console.warning("skipped \(sample)") }
        if skippedCount == 20 { Console.warning("further skipped pairs are only counted") }
    }

    private func called(_ arm: ExperimentArm, _ seed: UInt64) -> String { "\(arm.name) seed \(seed)" }

    func show(_ event: LearningExperiment.Event) {
        switch event {
        case .kept(let curve):
            Console.note("\(called(curve.settings.arm, curve.seed)): kept, finished before")
        case .started(let arm, let seed, let parameters):
            Console.note("\(called(arm, seed)): \(parameters) parameters")
        case .step(let arm, let seed, let pictures, let total, let loss, let speed):
            let share = Double(pictures) / Double(max(1, total))
            let line =
                "\(called(arm, seed)): \(pictures)/\(total) pictures  loss \(Format.fixed(loss, 3))  "
                + "\(Format.fixed(speed, 0)) pictures/s"
            Console.status("\(Table.padded(Table.bar(share, length: 20), to: 20)) \(line)")
            let now = ProcessInfo.processInfo.systemUptime
            if isQuiet, now - lastLine > 30 {
                Console.note(line)
                lastLine = now
            }
        case .evaluated(let arm, let seed, let point):
            Console.endStatus()
            Console.note(
                "\(called(arm, seed)): \(point.pictures) pictures  loss \(Format.fixed(point.loss, 3))  "
                    + "zero-shot \(Format.fixed(point.accuracy * 100, 1)) %")
        }
    }

    func finish() {
        Console.endStatus()
        lock.lock()
        defer { lock.unlock() }
        if skippedCount > 0 { Console.warning("\(skippedCount) pairs were skipped in all (counted in every epoch)") }
    }
}

/// An experiment's outcome as lines of text.
enum ExperimentTable {
    static func lines(_ comparison: LearningComparison) -> [String] {
        var lines = [
            "zero-shot accuracy, the mean over \(comparison.categories) categories of \(comparison.heldOutPictures) pictures"
        ]
        for arm in comparison.arms {
            guard let last = arm.final else { continue }
            lines.append(
                Table.padded(arm.arm.title, to: 30)
                    + Table.rightAligned(Format.fixed(last.accuracy * 100, 1) + " %", to: 8)
                    + " after \(last.pictures) pictures")
        }
        lines.append(
            Table.padded("chance", to: 30) + Table.rightAligned(Format.fixed(comparison.chance * 100, 1) + " %", to: 8))
        for ratio in comparison.ratios {
            lines.append(
                "to \(Format.fixed(ratio.accuracy * 100, 1)) %: \(ratio.other) needs "
                    + "\(Format.fixed(ratio.ratio, 1)) times the pictures of \(ratio.arm)")
        }
        return lines
    }
}
