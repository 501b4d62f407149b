import ArgumentParser
import CLIP
import CLIPExperiments
import CLIPTraining
import Foundation

struct AblationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ablation",
        abstract: "Contrastive training with one thing changed at a time.",
        discussion: """
            Example: clip experiment ablation --ablate projection,temperature,batch-size --batch-sizes 32,512 \\
                --model small.json --train-data 'corpus/train-*.tar' --val-data corpus/val-0000.tar \\
                --precision bf16 --output runs/ablation

            projection puts a hidden layer of non-linear units between each tower and the embedding; temperature keeps it \
            where the model begins; batch-size processes as many pictures in steps of other sizes. Writes \
            ablation.json, ablation.svg, ablation.html, and each finished curve, which --resume keeps.
            """)

    @OptionGroup(title: "Experiment") var experiment: ExperimentOptions
    @Option(help: "What to change, each by itself: some of projection, temperature, batch-size.")
    var ablate = "projection,temperature,batch-size"
    @Option(help: "Pairs per step of the batch-size ablation (default: a quarter of --batch-size and four times it).")
    var batchSizes: String?
    @OptionGroup(title: "Data") var data: DataOptions
    @OptionGroup var model: ArchitectureOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var output: OutputOptions

    private enum Change: String {
        case projection
        case temperature
        case batchSize = "batch-size"
    }

    func validate() throws { _ = try arms() }

    /// The model as it is first, then each change.
    private func arms() throws -> [ExperimentArm] {
        let sizes: [Int] =
            if let batchSizes {
                try ExperimentOptions.list(batchSizes, option: "--batch-sizes") {
                    Int($0).flatMap { (2...1 << 24).contains($0) ? $0 : nil }
                }
            } else {
                [experiment.batchSize / 4, experiment.batchSize * 4].filter { $0 > 1 }
            }
        let changes = try ExperimentOptions.list(ablate, option: "--ablate") { Change(rawValue: $0) }
        var base = ExperimentArm(.contrastive)
        base.title = "as it is (linear, learned, \(experiment.batchSize))"
        return [base]
            + changes.flatMap { change -> [ExperimentArm] in
                switch change {
                case .projection:
                    var arm = ExperimentArm(
                        name: "mlp-projection", title: "MLP projection", objective: .contrastive)
                    arm.projection = .mlp
                    return [arm]
                case .temperature:
                    var arm = ExperimentArm(
                        name: "fixed-temperature", title: "fixed temperature", objective: .contrastive)
                    arm.fixesTemperature = true
                    return [arm]
                case .batchSize:
                    return sizes.filter { $0 != experiment.batchSize }.map { size in
                        var arm = ExperimentArm(
                            name: "batch-\(size)", title: "batches of \(size)", objective: .contrastive)
                        arm.batchSize = size
                        return arm
                    }
                }
            }
    }

    func run() throws {
        try ExperimentRun(
            name: "ablation", experiment: experiment, data: data, model: model, compute: compute, answer: output
        ).run(arms())
    }
}

extension ModelDescription {
    /// The description with what an arm changes in the model.
    /// - Throws: `CLIPError` for a model that cannot have it.
    func shaped(for arm: ExperimentArm) throws -> ModelDescription {
        arm.projection == .mlp ? try with(hiddenProjections: true) : self
    }
}
