import CLIP
import CLIPTraining
import Torch

extension LearningOptions: SettingOptions {
    static var keys: [SettingKey<Self>] {
        [
            SettingKey("model", optional: \.model.name) { $0.model }.path,
            SettingKey("weights", optional: \.model.weights) { $0.weights }.path,
            SettingKey("resolution", optional: \.model.imageSize) { $0.resolution },
            SettingKey("context-length", optional: \.model.contextLength) { $0.contextLength },
            SettingKey("precision", \.compute.precision, decides: "precision") {
                $0.compute.givenPrecision
            },
            SettingKey("threads", optional: \.compute.threads) { $0.threads }.free,
            SettingKey("device", \.compute.device) {
                $0.compute.device.given.flatMap { TrainingSettings.ComputeDevice(rawValue: $0.rawValue) }
            }.free,
            SettingKey("float32-matmul-precision", \.compute.productPrecision) {
                $0.compute.float32MatmulPrecision.given
            },
            .momentary("json"),
        ]
    }

    /// The options that a run's settings stand for.
    init(_ settings: TrainingSettings) {
        self.init()
        var model = ModelOptions()
        model.model = settings.model.name
        model.weights = settings.model.weights
        model.resolution = settings.model.imageSize
        model.contextLength = settings.model.contextLength
        self.named = model
        var compute = ComputeOptions()
        compute.wanted = Given(TrainingPrecision(settings.compute.precision))
        compute.threads = settings.compute.threads
        compute.device = Given(ComputePlace(rawValue: settings.compute.device.rawValue) ?? .cpu)
        compute.float32MatmulPrecision = Given(settings.compute.productPrecision)
        self.compute = compute
        var output = OutputOptions()
        output.json = false
        self.output = output
    }
}
