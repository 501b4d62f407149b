import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract: "Measure this machine.",
        discussion: "Example: clip benchmark loading --data 'corpus/train-{0000..0007}.tar' --workers 4 --json",
        subcommands: [LoadingBenchmarkCommand.self])
}
