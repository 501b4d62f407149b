import ArgumentParser

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model: zero-shot, retrieval, probes, and whole suites of them.",
        discussion: """
            Example: clip evaluate zero-shot --data fashion-mnist --template "a photo of a {}"
                     clip evaluate --data 'corpus/val-*.tar'

            Without a command's name, --data is measured by "pairs", and a file ending in .yaml is run as a suite. Embeddings \
            are kept on disk, so that a second look at the same pictures encodes nothing: see "clip cache".
            """,
        subcommands: [
            EvaluatePairsCommand.self, ZeroShotCommand.self, RetrievalCommand.self, ProbeCommand.self,
            FewShotCommand.self, RobustnessCommand.self, OverlapCommand.self, WeaknessCommand.self,
            CalibrateCommand.self, SuiteCommand.self, CompareResultsCommand.self,
        ],
        defaultSubcommand: EvaluatePairsCommand.self)
}
