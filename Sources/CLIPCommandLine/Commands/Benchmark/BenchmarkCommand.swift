import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract: "Measure this machine: answers, training steps, loading of pictures.",
        discussion: "Example: clip benchmark training --model ViT-B-32 --batch-size 32 --precision bf16 --json",
        subcommands: [
            InferenceBenchmarkCommand.self, TrainingBenchmarkCommand.self, LoadingBenchmarkCommand.self,
        ])
}
