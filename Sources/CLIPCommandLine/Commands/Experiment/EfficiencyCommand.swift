import ArgumentParser
import CLIPExperiments
import CLIPTraining

struct EfficiencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "efficiency",
        abstract:
            "Contrastive, bag-of-words and language-model training of one image tower (arXiv 2103.00020, figure 2).",
        discussion: """
            Example: clip experiment efficiency --model small.json --train-data 'corpus/train-*.tar' \\
                --val-data corpus/val-0000.tar --precision bf16 --seeds 0,1,2 --output runs/efficiency

            Every objective starts from the same image tower and sees the same pictures in the same order, under the same \
            optimizer. Asked with the same texts, a category's score is the cosine of the two embeddings \
            (contrastive), the mean log-probability of its words (words), or the log-probability of the whole text \
            token by token (captions). Writes efficiency.json, efficiency.svg, efficiency.html, and each finished \
            curve, which --resume keeps.
            """)

    @OptionGroup(title: "Experiment") var experiment: ExperimentOptions
    @Option(help: "What to compare, in the order of the page: some of contrastive, words, captions.")
    var objectives = "contrastive,words,captions"
    @OptionGroup(title: "Data") var data: DataOptions
    @OptionGroup var model: ArchitectureOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { _ = try arms() }

    private func arms() throws -> [ExperimentArm] {
        try ExperimentOptions.list(objectives, option: "--objectives") { ObjectiveKind(rawValue: $0) }
            .map { ExperimentArm($0) }
    }

    func run() throws {
        try ExperimentRun(
            name: "efficiency", experiment: experiment, data: data, model: model, compute: compute, answer: output
        ).run(arms())
    }
}
