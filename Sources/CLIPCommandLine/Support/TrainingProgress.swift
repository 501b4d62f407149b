import CLIP
import CLIPData
import CLIPText
import CLIPTraining
import Foundation

/// Shows a training run on standard error: a moving line on a terminal, a line now and then elsewhere.
final class TrainingProgress: @unchecked Sendable {
    private let totalSteps: Int
    private let lock = NSLock()
    private let skips = SkippedPairs()
    private var cut: TextTruncation?  // guarded by `lock`
    private var lastLine = 0.0
    private var evaluation: HeldOutEvaluation?
    private let isQuiet = !Console.errorIsTerminal

    init(totalSteps: Int) { self.totalSteps = totalSteps }

    /// Names the first pairs that are left out, and counts all.
    func skipped(_ sample: SkippedSample) { skips.skipped(sample) }

    /// Counts a caption, and tells of the first that does not fit.
    func read(_ caption: String, _ tokens: TokenizedText, contextLength: Int) {
        lock.withLock {
            var count = cut ?? TextTruncation(contextLength: contextLength)
            count.add(caption, tokens)
            if count.cutCount == 1, tokens.wasTruncated {
                Console.endStatus()
                Console.warn(of: count, called: "caption")
            }
            cut = count
        }
    }

    private var truncation: TextTruncation? { lock.withLock { cut } }

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
            Console.note("epoch \(epoch): held-out \(Self.summary(of: evaluation))")
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

    private static func summary(of evaluation: HeldOutEvaluation) -> String {
        func recalls(_ values: [Int: Double]) -> String {
            [1, 5, 10].map { Format.fixed((values[$0] ?? 0) * 100, 1) }.joined(separator: "/")
        }
        var parts: [String] = []
        if let retrieval = evaluation.retrieval {
            parts.append("R@1/5/10 image to text \(recalls(retrieval.imageToText))")
            parts.append("text to image \(recalls(retrieval.textToImage))")
        }
        if let categories = evaluation.categories {
            parts.append("zero-shot \(Format.fixed(categories.accuracy * 100, 1)) %")
        }
        return parts.joined(separator: ", ")
    }

    /// The document `clip train --json` prints.
    private struct Document: Encodable {
        var model: String
        var skipped: Int
        var skippedByReason: [String: Int]
        var meanRecall: Double?
        /// Of captions that were read in all epochs; nil where all fit.
        var truncated: TruncationDocument?
    }

    /// The document `clip train --json` prints of a run that was stopped before its end.
    private struct StoppedDocument: Encodable {
        var resume: String
        var step: Int
        var skipped: Int
    }

    func stopped(run: String, step: Int, json: Bool) throws {
        Console.endStatus()
        let skipped = skips.summary.total
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
        let (summary, truncation) = (skips.summary, truncation)
        skips.finish(" (counted in every epoch)")
        if let truncation, truncation.cutCount > 1 { Console.warn(of: truncation, called: "caption") }
        if json {
            try Console.printJSON(
                Document(
                    model: model, skipped: summary.total, skippedByReason: summary.counts,
                    meanRecall: evaluation?.retrieval?.meanRecall, truncated: TruncationDocument(truncation)))
        } else {
            if let evaluation { try EvaluationTable.print(evaluation) }
            try Console.answer("model: \(model)")
        }
    }
}
