import ArgumentParser
import CLIPTraining

/// What people train with beyond the plain recipe.
struct TechniqueOptions: ParsableArguments, SettingOptions {
    @Option(help: "Share of patches left out of each picture (FLIP: 0.5).")
    var patchDropout = Given(\.techniques.patchDropout)
    @Flag(help: "Compute blocks' inner states again in the backward pass instead of keeping them.")
    var gradientCheckpointing = false
    @Flag(help: "Leave the image tower as it is (LiT); give --model or --weights that are trained.")
    var lockImage = false
    @Option(help: "Groups at a locked image tower's end to train all the same: projection, last block, ...")
    var lockImageUnlockedBlocks = Given(\.techniques.imageTower.unlockedGroups)
    @Flag(help: "A locked image tower's batch normalizations keep to their running statistics.")
    var lockImageFreezeBnStats = false
    @Flag(help: "Leave the text tower as it is.")
    var lockText = false
    @Option(help: "Groups at a locked text tower's end to train all the same.")
    var lockTextUnlockedBlocks = Given(\.techniques.textTower.unlockedGroups)
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
    var lrSchedule = Given(\.techniques.schedule)
    @Option(help: "Steps of const-cooldown's end.")
    var lrCooldownSteps: Int?
    @Option(help: "The rate const-cooldown ends at.")
    var lrCooldownEnd = Given(\.techniques.cooldownEnd)
    @Option(help: "The power of const-cooldown's fall; 1 is a straight line.")
    var lrCooldownPower = Given(\.techniques.cooldownPower)
    @Option(help: "What towers that start afresh end in: linear, or mlp (two layers).")
    var projection = Given(\.model.projection)

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("patch-dropout", \.techniques.patchDropout, decides: "techniques.patchDropout") {
                $0.patchDropout.given
            },
            SettingKey(
                "gradient-checkpointing", \.techniques.checkpointsGradients, decides: "techniques.checkpointsGradients"
            ) { $0.gradientCheckpointing ? true : nil },
            SettingKey("lock-image", \.techniques.imageTower.isLocked, decides: "techniques.imageTower.isLocked") {
                $0.lockImage ? true : nil
            },
            SettingKey(
                "lock-image-unlocked-blocks", \.techniques.imageTower.unlockedGroups,
                decides: "techniques.imageTower.unlockedGroups"
            ) { $0.lockImageUnlockedBlocks.given },
            SettingKey(
                "lock-image-freeze-bn-stats", \.techniques.imageTower.freezesStatistics,
                decides: "techniques.imageTower.freezesStatistics"
            ) { $0.lockImageFreezeBnStats ? true : nil },
            SettingKey("lock-text", \.techniques.textTower.isLocked, decides: "techniques.textTower.isLocked") {
                $0.lockText ? true : nil
            },
            SettingKey(
                "lock-text-unlocked-blocks", \.techniques.textTower.unlockedGroups,
                decides: "techniques.textTower.unlockedGroups"
            ) { $0.lockTextUnlockedBlocks.given },
            SettingKey("ema-decay", optional: \.techniques.averageDecay, decides: "techniques.averageDecay") {
                $0.emaDecay
            },
            SettingKey(
                "image-lr", optional: \.techniques.imageTower.learningRate,
                decides: "techniques.imageTower.learningRate"
            ) { $0.imageLr },
            SettingKey(
                "text-lr", optional: \.techniques.textTower.learningRate, decides: "techniques.textTower.learningRate"
            ) { $0.textLr },
            SettingKey(
                "image-weight-decay", optional: \.techniques.imageTower.weightDecay,
                decides: "techniques.imageTower.weightDecay"
            ) { $0.imageWeightDecay },
            SettingKey(
                "text-weight-decay", optional: \.techniques.textTower.weightDecay,
                decides: "techniques.textTower.weightDecay"
            ) { $0.textWeightDecay },
            SettingKey(
                "layer-decay", optional: \.techniques.layerDecay, decides: "techniques.imageTower.layerDecay",
                "techniques.textTower.layerDecay"
            ) { $0.layerDecay },
            SettingKey(
                "image-layer-decay", optional: \.techniques.imageTower.layerDecay,
                decides: "techniques.imageTower.layerDecay"
            ) { $0.imageLayerDecay },
            SettingKey(
                "text-layer-decay", optional: \.techniques.textTower.layerDecay,
                decides: "techniques.textTower.layerDecay"
            ) { $0.textLayerDecay },
            SettingKey("lr-schedule", \.techniques.schedule, decides: "techniques.schedule") { $0.lrSchedule.given },
            SettingKey("lr-cooldown-steps", optional: \.techniques.cooldownSteps, decides: "techniques.schedule") {
                $0.lrCooldownSteps
            },
            SettingKey("lr-cooldown-end", \.techniques.cooldownEnd, decides: "techniques.schedule") {
                $0.lrCooldownEnd.given
            },
            SettingKey("lr-cooldown-power", \.techniques.cooldownPower, decides: "techniques.schedule") {
                $0.lrCooldownPower.given
            },
            SettingKey("projection", \.model.projection) { $0.projection.given },
        ]
    }

    /// What goes together, in the whole of a run's settings.
    static func check(_ settings: TrainingSettings.Techniques) throws {
        guard (settings.schedule == .constCooldown) == (settings.cooldownSteps != nil) else {
            throw ValidationError("--lr-schedule const-cooldown and --lr-cooldown-steps go together.")
        }
        let (image, text) = (settings.imageTower, settings.textTower)
        guard image.isLocked || (image.unlockedGroups == 0 && !image.freezesStatistics) else {
            throw ValidationError("--lock-image-unlocked-blocks and --lock-image-freeze-bn-stats go with --lock-image.")
        }
        guard text.isLocked || text.unlockedGroups == 0 else {
            throw ValidationError("--lock-text-unlocked-blocks goes with --lock-text.")
        }
        // Other bounds are the configuration's.
        do { try settings.configuration.validate() } catch { throw ValidationError("\(error)") }
    }
}

extension TrainingSettings.Schedule: ExpressibleByArgument {}
extension TrainingSettings.Projection: ExpressibleByArgument {}
