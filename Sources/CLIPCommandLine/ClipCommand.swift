import ArgumentParser
import Torch

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
}
