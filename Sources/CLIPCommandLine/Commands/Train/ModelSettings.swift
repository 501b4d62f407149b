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
        // A group is set whole: its members have no value before it is parsed.
        var name = ModelName()
        name.model = settings.model.name
        var model = NamedModel()
        model.name = name
        model.weights = settings.model.weights
        var size = PictureSize()
        size.resolution = settings.model.imageSize
        var length = TextLength()
        length.contextLength = settings.model.contextLength
        var processor = ThreadOptions()
        processor.threads = settings.compute.threads
        var (described, computed, answered) = (ModelOptions(), ComputeOptions(), OutputOptions())
        (described.named, described.size, described.length) = (model, size, length)
        computed.precision = Given(settings.compute.precision)
        computed.processor = processor
        computed.device = Given(ComputeOptions.Place(rawValue: settings.compute.device.rawValue) ?? .cpu)
        computed.float32MatmulPrecision = Given(settings.compute.productPrecision)
        answered.json = false
        (named, compute, output) = (described, computed, answered)
    }
}
