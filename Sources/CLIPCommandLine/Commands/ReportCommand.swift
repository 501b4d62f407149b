import ArgumentParser
import CLIP
import CLIPTraining
import Files
import Foundation

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw a training run's curves as one HTML page, or those of several runs over one another.",
        discussion: """
            Example: clip report runs/first
                     clip report runs/first runs/second --output compared.html

            The page holds everything it shows: it opens without a network, and runs no scripts. clip train writes
            RUN/report.html by itself.
            """)

    @Argument(help: ArgumentHelp("Run directories, or their metrics.jsonl.", valueName: "run"))
    var runs: [String]

    @Option(help: ArgumentHelp("The page to write (default for one run: RUN/report.html).", valueName: "file.html"))
    var output: String?

    @Option(help: ArgumentHelp("The page's heading.", valueName: "text"))
    var title: String?

    @OptionGroup var answer: OutputOptions

    struct Document: Encodable {
        struct Run: Encodable {
            var metrics: String
            var steps: Int
            var evaluations: Int
            var warnings: Int
            var unreadable: Int
        }
        var output: String
        var runs: [Run]
    }

    func validate() throws {
        guard !runs.isEmpty, runs.count <= 64 else { throw ValidationError("Name 1 to 64 runs.") }
        if runs.count > 1, output == nil { throw ValidationError("Several runs need --output FILE for their page.") }
    }

    func run() throws {
        let files = runs.map(Self.metricsFile)
        let output =
            output ?? URL(fileURLWithPath: files[0]).deletingLastPathComponent().path + "/report.html"
        try OutputFile.check(output)
        let names = Self.names(files)
        var document = Document(output: output, runs: [])
        var read: [RunReport.Run] = []
        for (file, name) in zip(files, names) {
            let history = try RunHistory(path: file)
            if history.unreadableLines > 0 {
                Console.warning("\(file): \(history.unreadableLines) lines cannot be read; they are left out.")
            }
            document.runs.append(
                Document.Run(
                    metrics: file, steps: history.stepCount, evaluations: history.evaluationCount,
                    warnings: history.warningCount, unreadable: history.unreadableLines))
            read.append(RunReport.Run(name: name, history: history))
        }
        try WholeFile.write(RunReport(read, title: title).rendered(), to: output)
        if answer.json { try Console.printJSON(document) } else { try Console.answer(output) }
    }

    private static func metricsFile(_ run: String) -> String {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: run, isDirectory: &isDirectory)
        return exists && !isDirectory.boolValue ? run : RunLog.metricsPath(in: run)
    }

    /// Each file's directory by its last component, and by as many as it takes to tell it from the others.
    static func names(_ files: [String]) -> [String] {
        let folders = files.map {
            URL(fileURLWithPath: $0).standardizedFileURL.deletingLastPathComponent().pathComponents
        }
        let longest = folders.map(\.count).max() ?? 1
        for length in 1...max(1, longest) {
            let names = folders.map { $0.suffix(length).joined(separator: "/") }
            if Set(names).count == names.count { return names }
        }
        // The same run twice.
        return folders.enumerated().map { "\($0.element.last ?? "run") (\($0.offset + 1))" }
    }
}
