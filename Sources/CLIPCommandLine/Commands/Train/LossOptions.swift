import ArgumentParser
import CLIP
import CLIPTraining
import Torch

/// What is learned from a batch of pairs.
struct LossOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "softmax (CLIP) or sigmoid (SigLIP); default: sigmoid for a model with a bias.",
            valueName: "softmax|sigmoid"))
    var loss: LossConfiguration.Kind?
    @Option(
        help: ArgumentHelp(
            "What entries of a batch with the same caption are to each other: negatives (default), as in the paper; "
                + "exclude, for neither; positives.", valueName: "negatives|exclude|positives"))
    var duplicateCaptions: DuplicateCaptions?
    @Flag(help: "The same as --duplicate-captions exclude.")
    var excludeDuplicateCaptions = false
    @Flag(help: "Leave the temperature as it is.")
    var fixedTemperature = false
    @Option(
        help: ArgumentHelp("A trained model to learn from besides the captions.", valueName: "name|directory"))
    var distill: String?
    @Option(help: ArgumentHelp("Weights in place of that model's own.", valueName: "file"))
    var distillWeights: String?
    @Option(help: "How much that model's answers count beside the captions (default 1).")
    var distillWeight: Double?

    enum DuplicateCaptions: String, ExpressibleByArgument, CaseIterable {
        case negatives
        case exclude
        case positives

        var policy: LossConfiguration.Duplicates {
            switch self {
            case .negatives: .negatives
            case .exclude: .excluded
            case .positives: .positives
            }
        }
    }

    func validate() throws {
        if excludeDuplicateCaptions, duplicateCaptions != nil {
            throw ValidationError("Give --duplicate-captions or --exclude-duplicate-captions, not both.")
        }
        if distill == nil, distillWeights != nil || distillWeight != nil {
            throw ValidationError("--distill-weights and --distill-weight go with --distill, which names the model.")
        }
        if let distillWeight, !(distillWeight > 0 && distillWeight.isFinite) {
            throw ValidationError("--distill-weight takes a number above 0.")
        }
    }

    func apply(to configuration: inout TrainingConfiguration, model: ModelConfiguration) {
        configuration.loss.kind = loss ?? (model.initialLogitBias == nil ? .softmax : .sigmoid)
        configuration.loss.duplicates = duplicateCaptions?.policy ?? (excludeDuplicateCaptions ? .excluded : .negatives)
        configuration.loss.fixesTemperature = fixedTemperature
        configuration.loss.distillationWeight = distill == nil ? nil : distillWeight ?? 1
    }

    /// The model to learn from, where one is named.
    func teacher(_ shared: SharedOptions, on device: Device) throws -> CLIPModel? {
        try distill.map {
            try ModelCatalog.description(of: $0).loaded(
                weights: distillWeights, device: device, precision: shared.precision.dtype)
        }
    }
}

extension LossConfiguration.Kind: ExpressibleByArgument {}
