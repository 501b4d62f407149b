import ArgumentParser
import CLIP
import CLIPTraining
import Torch

/// What is learned from a batch of pairs.
struct LossOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "\(Self.losses); default: sigmoid for a model with a bias.",
            valueName: LossConfiguration.Kind.allCases.map(\.rawValue).joined(separator: "|")))
    var loss: LossConfiguration.Kind?
    @Option(
        help: ArgumentHelp(
            "With --loss sogclr: the newest batch's share of what is remembered of a sample (default "
                + "\(SogCLRLoss.gamma.standard)); 1 remembers nothing, as softmax.", valueName: "share"))
    var sogclrGamma: Double?
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

    /// All of them with what they are known as: `softmax (CLIP) or sigmoid (SigLIP)`.
    private static var losses: String {
        let names = Losses.all.map { "\($0.name) (\($0.title))" }
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }

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
        if let sogclrGamma {
            guard loss?.rawValue == SogCLRLoss.name else {
                throw ValidationError("--sogclr-gamma goes with --loss sogclr.")
            }
            guard sogclrGamma > 0, sogclrGamma <= 1 else {
                throw ValidationError("--sogclr-gamma takes a number above 0 and up to 1.")
            }
        }
        if let distillWeight, !(distillWeight > 0 && distillWeight.isFinite) {
            throw ValidationError("--distill-weight takes a number above 0.")
        }
    }

    func apply(to configuration: inout TrainingConfiguration, model: ModelConfiguration) {
        configuration.loss.kind = loss ?? .suiting(hasLogitBias: model.initialLogitBias != nil)
        if let sogclrGamma { configuration.loss.parameters[SogCLRLoss.gamma.name] = sogclrGamma }
        configuration.loss.duplicates = duplicateCaptions?.policy ?? (excludeDuplicateCaptions ? .excluded : .negatives)
        configuration.loss.fixesTemperature = fixedTemperature
        configuration.loss.distillationWeight = distill == nil ? nil : distillWeight ?? 1
    }

    /// The model to learn from, where one is named.
    func teacher(_ shared: SharedOptions, on device: Device) throws -> PretrainedModel? {
        try distill.map {
            try ModelCatalog.description(of: $0).loaded(
                weights: distillWeights, device: device, precision: shared.precision.dtype)
        }
    }
}

extension LossConfiguration.Kind: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(rawValue: argument)
        if loss == nil { return nil }
    }
}
