import ArgumentParser
import CLIPTraining

/// What is learned from a batch of pairs.
struct LossOptions: ParsableArguments, SettingOptions {
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
        if let distillWeight, !(distillWeight > 0 && distillWeight.isFinite) {
            throw ValidationError("--distill-weight takes a number above 0.")
        }
    }

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("loss", optional: \.loss.kind, decides: "loss.kind") { $0.loss },
            SettingKey("duplicate-captions", \.loss.duplicates, decides: "loss.duplicates") {
                $0.duplicateCaptions?.policy
            }.rivaling("exclude-duplicate-captions"),
            SettingKey("exclude-duplicate-captions", \.loss.duplicates, decides: "loss.duplicates") {
                $0.excludeDuplicateCaptions ? .excluded : nil
            }.rivaling("duplicate-captions"),
            SettingKey("fixed-temperature", \.loss.fixesTemperature, decides: "loss.fixesTemperature") {
                $0.fixedTemperature ? true : nil
            },
            SettingKey("distill", optional: \.loss.teacher) { $0.distill }.path.deciding("loss.distillationWeight"),
            SettingKey("distill-weights", optional: \.loss.teacherWeights) { $0.distillWeights }.path,
            SettingKey("distill-weight", optional: \.loss.distillationWeight, decides: "loss.distillationWeight") {
                $0.distillWeight
            },
        ]
    }

    /// What goes together, in the whole of a run's settings.
    static func check(_ settings: TrainingSettings.Loss) throws {
        if settings.teacher == nil, settings.teacherWeights != nil || settings.distillationWeight != nil {
            throw ValidationError("--distill-weights and --distill-weight go with --distill, which names the model.")
        }
    }
}

extension LossConfiguration.Kind: ExpressibleByArgument {}
