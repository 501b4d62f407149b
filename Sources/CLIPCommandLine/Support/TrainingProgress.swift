import CLIP
import CLIPData
import CLIPTraining
import Foundation

/// Shows a training run on standard error: a moving line on a terminal, a line now and then elsewhere.
final class TrainingProgress: @unchecked Sendable {
    private let totalSteps: Int
    private let lock = NSLock()
    private var skips = SkipSummary()
    private var lastLine = 0.0
    private var evaluation: HeldOutEvaluation?
    private let isQuiet = !Console.errorIsTerminal

    init(totalSteps: Int) { self.totalSteps = totalSteps }

    /// Names the first pairs that are left out, and counts all.
    func skipped(_ sample: SkippedSample) {
        lock.lock()
        defer { lock.unlock() }
        skips.add(sample)
        if skips.total <= 100 { Console.warning("skipped \(sample)") }
        if skips.total == 100 { Console.warning("further skipped pairs are only counted") }
    }

    func show(_ event: TrainingRun.Event) {
        switch event {
        case .step(let report, let epoch, let speed, let left):
            let share = Double(report.step + 1) / Double(max(1, totalSteps))
            let line =
                "epoch \(epoch + 1)  step \(report.step + 1)/\(totalSteps)  loss \(Format.fixed(report.loss, 3))  "
                + "\(Format.fixed(speed, 0)) pairs/s  \(Format.duration(left)) left"
            Console.status("\(Table.padded(Table.bar(share, length: 20), to: 20)) \(line)")
            let now = ProcessInfo.processInfo.systemUptime
            if isQuiet, now - lastLine > 30 || report.step + 1 == totalSteps {
                Console.note(line)
                lastLine = now
            }
        case .evaluation(let evaluation, let epoch):
            self.evaluation = evaluation
            Console.endStatus()
            let retrieval = evaluation.retrieval
            func recalls(_ values: [Int: Double]) -> String {
                [1, 5, 10].map { Format.fixed((values[$0] ?? 0) * 100, 1) }.joined(separator: "/")
            }
            var line = "epoch \(epoch): held-out R@1/5/10 image to text \(recalls(retrieval.imageToText)), "
            line += "text to image \(recalls(retrieval.textToImage))"
            if let categories = evaluation.categories {
                line += ", zero-shot \(Format.fixed(categories.accuracy * 100, 1)) %"
            }
            Console.note(line)
        case .checkpoint: break
        case .best(let record):
            Console.note("best by \(record.measure.rawValue) so far: \(Format.fixed(record.value * 100, 1)) %")
        case .warning(let warning):
            Console.endStatus()
            Console.warning([warning.message, warning.advice].compactMap { $0 }.joined(separator: " "))
        case .notice(let message):
            Console.endStatus()
            Console.warning(message)
        }
    }

    /// The document `clip train --json` prints.
    private struct Document: Encodable {
        var model: String
        var skipped: Int
        var skippedByReason: [String: Int]
        var meanRecall: Double?
    }

    /// The document `clip train --json` prints of a run that was stopped before its end.
    private struct StoppedDocument: Encodable {
        var resume: String
        var step: Int
        var skipped: Int
    }

    func stopped(run: String, step: Int, json: Bool) throws {
        Console.endStatus()
        let skipped = lock.withLock { skips.total }
        if json {
            try Console.printJSON(StoppedDocument(resume: run, step: step, skipped: skipped))
        } else {
            try Console.answer(
                "stopped after \(step) of \(totalSteps) steps; go on with: clip train --resume \(Self.quoted(run))")
        }
    }

    /// A path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "/._-+,:@".unicodeScalars.contains(scalar)
        }
        return isPlain && !path.isEmpty ? path : "'" + path.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    func finish(model: String, json: Bool) throws {
        Console.endStatus()
        lock.lock()
        defer { lock.unlock() }
        if skips.total > 0 {
            Console.warning("\(skips.total) pairs were skipped in all (counted in every epoch): \(skips)")
        }
        if json {
            try Console.printJSON(
                Document(
                    model: model, skipped: skips.total, skippedByReason: skips.counts,
                    meanRecall: evaluation?.retrieval.meanRecall))
        } else {
            if let evaluation { try EvaluationTable.print(evaluation) }
            try Console.answer("model: \(model)")
        }
    }
}
