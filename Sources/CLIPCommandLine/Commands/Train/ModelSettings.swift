import CLIP
import CLIPTraining
import Torch

extension SharedOptions: SettingOptions {
    static var keys: [SettingKey<Self>] {
        [
            SettingKey("model", optional: \.model.name) { $0.model }.path,
            SettingKey("weights", optional: \.model.weights) { $0.weights }.path,
            SettingKey("resolution", optional: \.model.imageSize) { $0.resolution },
            SettingKey("context-length", optional: \.model.contextLength) { $0.contextLength },
            SettingKey("precision", \.compute.precision, decides: "precision") { $0.precision.given },
            SettingKey("threads", optional: \.compute.threads) { $0.threads }.free,
            SettingKey("device", \.compute.device) {
                $0.device.given.flatMap { TrainingSettings.ComputeDevice(rawValue: $0.rawValue) }
            }.free,
            SettingKey("float32-matmul-precision", \.compute.productPrecision) { $0.float32MatmulPrecision.given },
            .momentary("json"),
        ]
    }

    /// The options that a run's settings stand for.
    init(_ settings: TrainingSettings) {
        self.init()
        model = settings.model.name
        weights = settings.model.weights
        resolution = settings.model.imageSize
        contextLength = settings.model.contextLength
        precision = Given(settings.compute.precision)
        threads = settings.compute.threads
        device = Given(ComputeDevice(rawValue: settings.compute.device.rawValue) ?? .cpu)
        float32MatmulPrecision = Given(settings.compute.productPrecision)
        json = false
    }
}
