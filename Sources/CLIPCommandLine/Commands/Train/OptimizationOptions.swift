import ArgumentParser
import CLIPTraining

/// What moves the weights.
struct OptimizationOptions: ParsableArguments {
    @Option(name: .customLong("lr"), help: "The peak learning rate.")
    var learningRate = 5e-4
    @Option(help: "Steps of linear warm-up.")
    var warmup = 2000
    @Option(help: "AdamW's decay of matrices and embeddings.")
    var weightDecay = 0.2
    @Option(help: "The gradient's longest norm (0: no clipping).")
    var gradientNorm = 1.0
    @Option(help: "Seed of weights, order, views and captions.")
    var seed: UInt64 = 0

    func apply(to configuration: inout TrainingConfiguration) {
        configuration.learningRate = learningRate
        configuration.warmupSteps = warmup
        configuration.weightDecay = weightDecay
        configuration.gradientNorm = gradientNorm > 0 ? gradientNorm : nil
        configuration.seed = seed
    }
}
