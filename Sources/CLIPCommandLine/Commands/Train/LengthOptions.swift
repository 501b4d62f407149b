import ArgumentParser
import CLIPTraining

/// How long a run is, and how many pairs a step has.
struct LengthOptions: ParsableArguments, SettingOptions {
    @Option(help: "Pairs per step, over all processes together.")
    var batchSize = Given(\.length.batchSize)
    @Option(
        help: ArgumentHelp(
            "Pairs through the towers at a time; the gradient stays the whole batch's (default: all, or 256 of more than "
                + "1024)."))
    var microBatchSize: Int?
    @Option(help: "Times through the data (default \(TrainingSettings().length.epochs), unless --steps is given).")
    var epochs: Int?
    @Option(help: "Steps in all, instead of epochs.")
    var steps: Int?

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("batch-size", \.length.batchSize, decides: "batchSize", "microBatchSize", "totalSteps") {
                $0.batchSize.given
            },
            SettingKey("micro-batch-size", optional: \.length.microBatchSize, decides: "microBatchSize") {
                $0.microBatchSize
            },
            .length(
                "epochs", instead: "steps", of: { $0.length.steps },
                at: { $0.length.steps == nil ? $0.length.epochs : nil },
                set: { ($1.length.epochs, $1.length.steps) = ($0, nil) }, value: { $0.epochs }),
            .length(
                "steps", instead: "epochs", of: { $0.length.epochs }, at: { $0.length.steps },
                set: { $1.length.steps = $0 }, value: { $0.steps }),
        ]
    }

    func validate() throws {
        if steps != nil, epochs != nil { throw ValidationError("Give --epochs or --steps, not both.") }
        let counts = [batchSize.value, microBatchSize ?? 1, epochs ?? 1, steps ?? 1]
        guard counts.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }) else {
            throw ValidationError("Sizes, epochs and steps are whole numbers above 0.")
        }
    }
}
