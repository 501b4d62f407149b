import ArgumentParser
import CLIP
import CLIPData
import CLIPEvaluation
import Files
import Foundation

struct SuiteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suite",
        abstract: "Run a whole suite of evaluations from a YAML file, and write its results and a page.",
        discussion: """
            Example: clip evaluate suite suite.yaml --output results
                     clip evaluate suite.yaml

            A suite is a title and a list of evaluations: task (\(tasks)), data, and the options of the task's own command \
            with _ in place of -. Paths begin in the suite's folder. Written are results.json, results.md and report.html; \
            what a suite was stopped in goes on where it was.
            """)

    private static let tasks = SuiteEntry.Task.allCases.map(\.rawValue).joined(separator: ", ")

    @Argument(help: ArgumentHelp("The suite.", valueName: "file.yaml"))
    var suite: String

    @Option(help: ArgumentHelp("Where results go (default: the suite's name and -results, here).", valueName: "folder"))
    var output: String?

    @OptionGroup var measure: MeasureOptions

    func run() throws {
        let file = try SuiteFile(path: suite)
        let name = URL(fileURLWithPath: suite).deletingPathExtension().lastPathComponent
        let folder = output ?? "\(name)-results"
        let results = try SuiteRunner.run(
            file, to: folder, measure.shared.load(), measure.cache.cache(measure.shared.compute))
        if measure.shared.json {
            try Console.printJSON(encoded: ResultCoding.encoder().encode(results))
        } else {
            for line in try TextFile.lines(Folder.join(folder, "results.md")).filter({ $0.hasPrefix("|") }).prefix(
                results.entries.count + 2)
            { try Console.answer(line) }
            try Console.answer("Written: \(Folder.join(folder, "report.html"))")
        }
    }
}

/// Runs suites with a line of progress.
enum SuiteRunner {
    static func run(
        _ file: SuiteFile, to folder: String, _ clip: CLIPModel, _ cache: EmbeddingCache?
    ) throws -> SuiteResults {
        let skips = SkippedPairs()
        let progress = SuiteProgress()
        let evaluator = try Evaluator(
            clip, cache: cache,
            onProgress: { progress.step("\($1): \($0) pictures") },
            onSkip: { skips.skipped(SkippedSample(location: $0, reason: .undecodable($1))) })
        let command = ClipProgram.arguments.map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: " ")
        let run = SuiteRun(
            file, evaluator, folder: folder, command: command,
            version: String(ClipCommand.configuration.version.dropFirst("swift-clip ".count)),
            onSkip: { skips.skipped($0) })
        let results = try run.run { event in
            switch event {
            case .begins(let name, let place, let count): progress.begins(name, place, count)
            case .kept(let name): Console.note("\(name): there already")
            case .step(let text): progress.step(text)
            }
        }
        Console.endStatus()
        skips.finish()
        return results
    }
}

/// A bar of evaluations, and what is done now.
private final class SuiteProgress: @unchecked Sendable {
    private let lock = NSLock()
    private var head = ""  // guarded by `lock`
    private let started = Date()

    func begins(_ name: String, _ place: Int, _ count: Int) {
        let bar = Table.padded(Table.bar(Double(place) / Double(max(1, count)), length: 12), to: 12)
        let text = "\(bar) \(place + 1)/\(count) \(Format.duration(Date().timeIntervalSince(started))) \(name)"
        lock.withLock { head = text }
        if Console.errorIsTerminal { Console.status(text) } else { Console.note("\(place + 1)/\(count) \(name)") }
    }

    func step(_ text: String) { Console.status("\(lock.withLock { head }): \(text)") }
}
