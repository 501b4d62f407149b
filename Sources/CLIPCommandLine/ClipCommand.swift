import ArgumentParser
import Foundation
import Torch

@main
struct ClipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clip",
        abstract: "Learn from pictures with captions; classify, rank and embed pictures by plain words.",
        discussion: """
            Example: clip classify cat.jpg --labels "cat,dog,car"

            Exit codes: 0 all done, 64 wrong usage, 65 bad data, 66 missing input,
            70 our fault, or an output that cannot be written.
            """,
        version: "swift-clip 0.1.0, libtorch \(Engine.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Use a model",
                subcommands: [
                    ClassifyCommand.self, RankCommand.self, CaptionCommand.self, EmbedCommand.self,
                    JoinCommand.self, CompareCommand.self, PageCommand.self, TokenizeCommand.self,
                    PreprocessCommand.self,
                    ModelsCommand.self, DownloadCommand.self, InspectCommand.self,
                ]),
            CommandGroup(
                name: "Search pictures",
                subcommands: [IndexCommand.self, SearchCommand.self, DuplicatesCommand.self, ServeCommand.self]),
            CommandGroup(
                name: "Make a model",
                subcommands: [
                    TrainCommand.self, AssembleCommand.self, DistillCommand.self, AverageCommand.self,
                    ConvertCommand.self,
                    CorpusCommand.self,
                ]),
            CommandGroup(
                name: "Measure",
                subcommands: [
                    EvaluateCommand.self, CacheCommand.self, ReportCommand.self, ExperimentCommand.self,
                    BenchmarkCommand.self,
                ]),
        ])

    static func main() {
        // A file that may grow no further is to be an error like a full disk, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        if let bad = firstArgumentThatIsNotUTF8() {
            Console.error("argument \(bad) is not valid UTF-8; texts and paths are needed in UTF-8.")
            leave(ExitStatus.badData.rawValue)
        }
        do {
            var command = try parseAsRoot(arguments)
            do {
                try command.run()
                leave(0)
            } catch {
                guard let status = ExitStatus(error) else { throw error }
                Console.error(Advice.message(of: error, in: type(of: command)))
                leave(status.rawValue)
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            let message = fullMessage(for: error)
            let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() {
                let first = line.hasPrefix("Error: ") ? line.dropFirst(7) : line
                Console.note(index == 0 ? "clip: error: \(first)" : String(line))
            }
            leave(ExitStatus.wrongUsage.rawValue)
        }
    }

    /// Ends the process once what was written is out, without libtorch's destructors: taking its thousands of operators back one
    /// by one is a sixth of the time that a picture's answer takes.
    private static func leave(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// The arguments with `--text=` split in two: the parser takes an empty value only as an argument of its own.
    private static var arguments: [String] {
        let split = CommandLine.arguments.dropFirst().flatMap { argument in
            argument.hasPrefix("--") && argument.firstIndex(of: "=") == argument.indices.last
                ? [String(argument.dropLast()), ""] : [argument]
        }
        // "clip evaluate suite.yaml" is a suite's short form: evaluate's other commands are no files.
        let isSuite =
            split.count > 1 && split[0] == "evaluate" && [".yaml", ".yml"].contains { split[1].hasSuffix($0) }
        return isSuite ? ["evaluate", "suite"] + split.dropFirst() : split
    }

    /// Swift would repair such an argument with replacement characters, and answer for a text nobody gave.
    private static func firstArgumentThatIsNotUTF8() -> Int? {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let pointer = CommandLine.unsafeArgv[index] else { continue }
            if String(validatingCString: pointer) == nil { return index }
        }
        return nil
    }
}
