import ArgumentParser
import CLIPTraining

/// What moves the weights.
struct OptimizationOptions: ParsableArguments, SettingOptions {
    @Option(name: .customLong("lr"), help: "The peak learning rate.")
    var learningRate = Given(\.optimization.learningRate)
    @Option(help: "Steps of linear warm-up.")
    var warmup = Given(\.optimization.warmupSteps)
    @Option(help: "AdamW's decay of matrices and embeddings.")
    var weightDecay = Given(\.optimization.weightDecay)
    @Option(help: "The gradient's longest norm (0: no clipping).")
    var gradientNorm = Given(\.optimization.gradientNorm)
    @Option(help: "Seed of weights, order, views and captions.")
    var seed = Given(\.optimization.seed)

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("lr", \.optimization.learningRate, decides: "learningRate") { $0.learningRate.given },
            SettingKey("warmup", \.optimization.warmupSteps, decides: "warmupSteps") { $0.warmup.given },
            SettingKey("weight-decay", \.optimization.weightDecay, decides: "weightDecay") { $0.weightDecay.given },
            SettingKey("gradient-norm", \.optimization.gradientNorm, decides: "gradientNorm") {
                $0.gradientNorm.given
            },
            SettingKey("seed", \.optimization.seed, decides: "seed") { $0.seed.given },
        ]
    }
}
