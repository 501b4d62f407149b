import CLIP
import Files
import Foundation

/// A line of `metrics.jsonl`.
enum MetricsLine {
    case start(RunStart)
    case step(StepRecord)
    case evaluation(EvaluationRecord)
    case warning(RunWarning)
    /// What another version wrote.
    case other(step: Int, epoch: Int)

    /// Nil for what is no JSON object with a step and an epoch.
    init?(_ line: some DataProtocol) {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any],
            let step = object["step"] as? Int, let epoch = object["epoch"] as? Int,
            // Beyond these a number is no count, and no longer exact as a coordinate.
            (0...1 << 53).contains(step), (0...1 << 53).contains(epoch)
        else { return nil }
        if let members = object["start"] as? [String: Any] {
            self = .start(RunStart(members, step: step, epoch: epoch))
        } else if let members = object["evaluation"] {
            guard let members = members as? [String: Any],
                let figures = HeldOutFigures(members)
            else { return nil }
            self = .evaluation(EvaluationRecord(figures, step: step, epoch: epoch))
        } else if let members = object["warning"] as? [String: Any], let message = members["message"] as? String {
            let kind = members["kind"] as? String ?? "warning"
            self = .warning(RunWarning(step: step, epoch: epoch, kind: kind, message: message))
        } else {
            var values: [StepMetric: Double] = [:]
            for metric in StepMetric.allCases { values[metric] = object[metric.name] as? Double }
            // Losses that this version has not may have logged terms too.
            for (name, value) in object where name.hasPrefix(StepMetric.termPrefix) {
                values[.term(String(name.dropFirst(StepMetric.termPrefix.count)))] = value as? Double
            }
            if values[.inverseTemperature] == nil, let scale = values[.logitScale] {
                values[.inverseTemperature] = exp(scale)
            }
            self =
                values.isEmpty
                ? .other(step: step, epoch: epoch) : .step(StepRecord(step: step, epoch: epoch, values: values))
        }
    }

    /// The line, with its end.
    func encoded() throws -> Data {
        var object: [String: Any] = [:]
        switch self {
        case .start(let start):
            object = ["step": start.step, "epoch": start.epoch, "start": start.jsonObject]
        case .step(let record):
            object = ["step": record.step, "epoch": record.epoch]
            for (metric, value) in record.values { object[metric.name] = Self.written(metric, value) }
        case .evaluation(let record):
            object = ["step": record.step, "epoch": record.epoch, "evaluation": record.figures.jsonObject]
        case .warning(let warning):
            let members = ["kind": warning.kind, "message": warning.message]
            object = ["step": warning.step, "epoch": warning.epoch, "warning": members]
        case .other(let step, let epoch):
            object = ["step": step, "epoch": epoch]
        }
        return try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
            + [UInt8(ascii: "\n")]
    }

    /// Whether a run that goes on from `position` has this behind it.
    func isBefore(_ position: TrainingPosition) -> Bool {
        switch self {
        case .start(let start): start.step <= position.step
        // An evaluation's epoch is the number of epochs done.
        case .evaluation(let record): record.epoch <= position.epoch && record.step <= position.step
        case .step(let record): record.step < position.step
        case .warning(let warning): warning.step < position.step
        case .other(let step, _): step < position.step
        }
    }

    private static func written(_ metric: StepMetric, _ value: Double) -> Any {
        switch metric {
        case .samplesSeen: Int(exactly: value) ?? value
        case .learningRate: value
        default: HeldOutFigures.rounded(value)
        }
    }
}

/// The lines of a file, one at a time: logs of long runs are larger than what should be in memory at once.
enum LineFile {
    /// A longer line is none that a run wrote.
    static let longestLine = 1 << 20

    /// - Parameter body: gets each line that is not empty, without its end.
    /// - Returns: the number of lines that were too long and left out.
    @discardableResult
    static func read(_ file: FileReader, _ body: (_ line: Data) throws -> Void) throws -> Int {
        var rest = Data()
        var isSkipping = false
        var skipped = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let piece = Data(buffer[..<(try file.read(into: buffer))])
            if piece.isEmpty { break }
            var start = piece.startIndex
            while let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) {
                if isSkipping || rest.count + (end - start) > longestLine {
                    skipped += 1
                } else {
                    let line = rest + piece[start..<end]
                    if !line.isEmpty { try body(line) }
                }
                rest = Data()
                isSkipping = false
                start = end + 1
            }
            if !isSkipping { rest += piece[start...] }
            if rest.count > longestLine {
                isSkipping = true
                rest = Data()
            }
        }
        if isSkipping { return skipped + 1 }
        if !rest.isEmpty { try body(rest) }
        return skipped
    }
}
