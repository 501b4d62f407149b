import ArgumentParser

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Compare ways of training by zero-shot accuracy against pictures processed.",
        discussion: """
            Example: clip experiment efficiency --model small.json --train-data 'corpus/train-*.tar' \\
                --val-data corpus/val-0000.tar --output runs/efficiency
            """,
        subcommands: [EfficiencyCommand.self, AblationCommand.self])
}
