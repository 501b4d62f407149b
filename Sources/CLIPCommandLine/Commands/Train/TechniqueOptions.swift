import ArgumentParser
import CLIP
import CLIPTraining

/// What people train with beyond the plain recipe.
struct TechniqueOptions: ParsableArguments {
    @Option(help: "Share of patches left out of each picture (FLIP: 0.5).")
    var patchDropout = 0.0
    @Flag(help: "Compute blocks' inner states again in the backward pass instead of keeping them.")
    var gradientCheckpointing = false
    @Flag(help: "Leave the image tower as it is (LiT); give --model or --weights that are trained.")
    var lockImage = false
    @Option(help: "Groups at a locked image tower's end to train all the same: projection, last block, ...")
    var lockImageUnlockedBlocks = 0
    @Flag(help: "A locked image tower's batch normalizations keep to their running statistics.")
    var lockImageFreezeBnStats = false
    @Flag(help: "Leave the text tower as it is.")
    var lockText = false
    @Option(help: "Groups at a locked text tower's end to train all the same.")
    var lockTextUnlockedBlocks = 0
    @Option(help: "Keep a moving average of the weights, with this share of the old; it becomes the final model.")
    var emaDecay: Double?
    @Option(help: "The image tower's peak learning rate (default: --lr).")
    var imageLr: Double?
    @Option(help: "The text tower's peak learning rate (default: --lr).")
    var textLr: Double?
    @Option(help: "The image tower's weight decay (default: --weight-decay).")
    var imageWeightDecay: Double?
    @Option(help: "The text tower's weight decay (default: --weight-decay).")
    var textWeightDecay: Double?
    @Option(help: "A layer's learning rate over that of the layer after it, in both towers.")
    var layerDecay: Double?
    @Option(help: "The same for the image tower.")
    var imageLayerDecay: Double?
    @Option(help: "The same for the text tower.")
    var textLayerDecay: Double?
    @Option(help: "After the warm-up: cosine, const, or const-cooldown.")
    var lrSchedule = Schedule.cosine
    @Option(help: "Steps of const-cooldown's end.")
    var lrCooldownSteps: Int?
    @Option(help: "The rate const-cooldown ends at.")
    var lrCooldownEnd = 0.0
    @Option(help: "The power of const-cooldown's fall; 1 is a straight line.")
    var lrCooldownPower = 1.0
    @Option(help: "What towers that start afresh end in: linear, or mlp (two layers).")
    var projection = Projection.linear

    enum Schedule: String, ExpressibleByArgument, CaseIterable {
        case cosine
        case const
        case constCooldown = "const-cooldown"
    }

    enum Projection: String, ExpressibleByArgument, CaseIterable {
        case linear
        case mlp
    }

    func validate() throws {
        guard (lrSchedule == .constCooldown) == (lrCooldownSteps != nil) else {
            throw ValidationError("--lr-schedule const-cooldown and --lr-cooldown-steps go together.")
        }
        guard lockImage || (lockImageUnlockedBlocks == 0 && !lockImageFreezeBnStats) else {
            throw ValidationError("--lock-image-unlocked-blocks and --lock-image-freeze-bn-stats go with --lock-image.")
        }
        guard lockText || lockTextUnlockedBlocks == 0 else {
            throw ValidationError("--lock-text-unlocked-blocks goes with --lock-text.")
        }
        // Other bounds are the configuration's.
        var configuration = TrainingConfiguration(batchSize: 2, totalSteps: 1)
        apply(to: &configuration)
        do {
            try configuration.techniques.validate()
        } catch { throw ValidationError("\(error)") }
    }

    func apply(to configuration: inout TrainingConfiguration) {
        var techniques = TechniqueConfiguration()
        techniques.patchDropout = patchDropout
        techniques.checkpointsGradients = gradientCheckpointing
        techniques.averageDecay = emaDecay
        techniques.imageTower.isLocked = lockImage
        techniques.imageTower.unlockedGroups = lockImageUnlockedBlocks
        techniques.imageTower.freezesStatistics = lockImageFreezeBnStats
        techniques.imageTower.learningRate = imageLr
        techniques.imageTower.weightDecay = imageWeightDecay
        techniques.imageTower.layerDecay = imageLayerDecay ?? layerDecay ?? 1
        techniques.textTower.isLocked = lockText
        techniques.textTower.unlockedGroups = lockTextUnlockedBlocks
        techniques.textTower.learningRate = textLr
        techniques.textTower.weightDecay = textWeightDecay
        techniques.textTower.layerDecay = textLayerDecay ?? layerDecay ?? 1
        switch lrSchedule {
        case .cosine: techniques.schedule = .cosine
        case .const: techniques.schedule = .constant
        case .constCooldown:
            techniques.schedule = .constantWithCooldown(
                steps: lrCooldownSteps ?? 0, endRate: lrCooldownEnd, power: lrCooldownPower)
        }
        configuration.techniques = techniques
    }

    /// The shape to start afresh with.
    func shape(_ description: ModelDescription, startsAfresh: Bool) throws -> ModelDescription {
        guard projection == .mlp else { return description }
        guard startsAfresh else {
            throw ValidationError("--projection mlp is for models that start afresh; weights bring their own.")
        }
        return try description.with(hiddenProjections: true)
    }
}
