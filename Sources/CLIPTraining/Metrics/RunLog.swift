import CLIP
import Files
import Foundation

/// What a run measures, as it measures it: JSON lines in `metrics.jsonl`, event files for TensorBoard under
/// `tensorboard/`, and `report.html`, drawn anew after each evaluation, each minute, and at the end.
public final class RunLog {
    /// The run directory, where all three are written; made when the log is opened.
    public let directory: String
    /// What has been written, with what a run that goes on had written before.
    public private(set) var history = RunHistory()
    private let lines: FileWriter
    /// Made when there is something to write.
    private var events: EventFile?
    private let start: TrainingPosition
    private var lastReport: TimeInterval
    private var isClosed = false
    /// Seconds after which the page is drawn anew where no evaluation asks for it sooner.
    static let reportInterval: TimeInterval = 60

    /// Where a run's measurements are, one JSON object a line: what ``RunHistory/init(path:)`` reads.
    public static func metricsPath(in directory: String) -> String { directory + "/metrics.jsonl" }
    /// Where a run's page is.
    public static func reportPath(in directory: String) -> String { directory + "/report.html" }
    /// The folder of a run's event files: what TensorBoard's `--logdir` wants.
    public static func eventsPath(in directory: String) -> String { directory + "/tensorboard" }

    /// Opens the log of a run, keeping only what was written before `position`: what came after the checkpoint that a
    /// run goes on from would otherwise stand there twice. Lines that cannot be read, such as one that the run's death
    /// cut off, go too. A run that begins starts with an empty log.
    /// - Throws: `CLIPError.file(_:hint:)`.
    public init(directory: String, keepingBefore position: TrainingPosition) throws {
        self.directory = directory
        let path = Self.metricsPath(in: directory)
        var kept = RunHistory()
        lines = try CLIPError.wrapping {
            try Folder.make(directory)
            return try Self.cut(path, before: position, into: &kept)
        }
        history = kept
        start = position
        lastReport = ProcessInfo.processInfo.systemUptime
    }

    deinit {
        try? close()
    }

    /// That the run begins or goes on.
    public func write(start: RunStart) throws {
        try write(.start(start))
        try writeReport()
    }

    /// Writes a step to the lines and for TensorBoard; the page only if it is older than a minute.
    public func write(step record: StepRecord) throws {
        let events = try openEvents()
        try write(.step(record))
        let scalars = StepMetric.allCases.compactMap { metric in record[metric].map { (tag: metric.tag, value: $0) } }
        try events.write(scalars + [("progress/epoch", Double(record.epoch))], step: record.step)
        if ProcessInfo.processInfo.systemUptime - lastReport >= Self.reportInterval { try writeReport() }
    }

    /// Writes an evaluation to the lines and for TensorBoard, and draws the page anew.
    public func write(evaluation record: EvaluationRecord) throws {
        let events = try openEvents()
        try write(.evaluation(record))
        try events.write(record.scalars, step: record.step)
        try writeReport()
    }

    /// Writes a warning to the lines alone: the page has it when it is drawn next.
    public func write(warning: RunWarning) throws { try write(.warning(warning)) }

    /// Draws the page a last time.
    public func close() throws {
        guard !isClosed else { return }
        isClosed = true
        try writeReport()
    }

    private func openEvents() throws -> EventFile {
        if let events { return events }
        let file = try EventFile(
            directory: Self.eventsPath(in: directory), resumingAt: start.step > 0 ? start.step : nil)
        // TensorBoard drops these with the steps that follow, although they stand before them.
        for record in history.evaluations where record.step == start.step && start.step > 0 {
            try file.write(record.scalars, step: record.step)
        }
        events = file
        return file
    }

    private func write(_ line: MetricsLine) throws {
        try CLIPError.wrapping { try lines.write(line.encoded()) }
        history.append(line)
        isClosed = false
    }

    private func writeReport() throws {
        lastReport = ProcessInfo.processInfo.systemUptime
        let name = URL(fileURLWithPath: directory).lastPathComponent
        let page = RunReport([RunReport.Run(name: name, history: history)]).rendered()
        try CLIPError.wrapping { try WholeFile.write(page, to: Self.reportPath(in: directory)) }
    }

    /// Copies the lines to keep to a file that takes the old one's place.
    /// - Returns: the file, open at its end.
    private static func cut(
        _ path: String, before position: TrainingPosition, into history: inout RunHistory
    ) throws -> FileWriter {
        let new = try FileWriter(path)
        if position.step > 0, let old = try? FileReader(path) {
            var block = Data()
            try LineFile.read(old) { bytes in
                guard let line = MetricsLine(bytes), line.isBefore(position) else { return }
                history.append(line)
                block += bytes + [UInt8(ascii: "\n")]
                if block.count > 1 << 20 {
                    try new.write(block)
                    block = Data()
                }
            }
            try new.write(block)
        }
        try new.commit(staysOpen: true)
        return new
    }
}
