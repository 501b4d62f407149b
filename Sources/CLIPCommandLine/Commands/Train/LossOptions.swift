import ArgumentParser
import CLIPTraining

/// What is learned from a batch of pairs.
struct LossOptions: ParsableArguments, SettingOptions {
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
    @Option(
        help: ArgumentHelp(
            "A file of clip assemble's: what the image network knew of its classes is learned besides.",
            valueName: "file"))
    var anchors: String?
    @Option(help: "How much that counts beside the captions.")
    var anchorWeight = Given(\.loss.anchorWeight)

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
        if let sogclrGamma {
            guard sogclrGamma > 0, sogclrGamma <= 1 else {
                throw ValidationError("--sogclr-gamma takes a number above 0 and up to 1.")
            }
        }
        if let distillWeight, !(distillWeight > 0 && distillWeight.isFinite) {
            throw ValidationError("--distill-weight takes a number above 0.")
        }
    }

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("loss", optional: \.loss.kind, decides: "loss.kind") { $0.loss },
            SettingKey(
                "sogclr-gamma", optional: \.loss.parameters[SogCLRLoss.gamma.name], decides: "loss.parameters"
            ) { $0.sogclrGamma },
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
            SettingKey("anchors", optional: \.loss.anchors) { $0.anchors }.path,
            SettingKey("anchor-weight", \.loss.anchorWeight, decides: "anchorWeight") { $0.anchorWeight.given },
        ]
    }

    /// What goes together, in the whole of a run's settings.
    static func check(_ settings: TrainingSettings.Loss) throws {
        if settings.parameters[SogCLRLoss.gamma.name] != nil, settings.kind?.rawValue != SogCLRLoss.name {
            throw ValidationError("--sogclr-gamma goes with --loss sogclr.")
        }
        if settings.anchors == nil, settings.anchorWeight != TrainingSettings().loss.anchorWeight {
            throw ValidationError("--anchor-weight goes with --anchors.")
        }
        if settings.teacher == nil, settings.teacherWeights != nil || settings.distillationWeight != nil {
            throw ValidationError("--distill-weights and --distill-weight go with --distill, which names the model.")
        }
    }
}

extension LossConfiguration.Kind: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(rawValue: argument)
        if loss == nil { return nil }
    }
}
