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
            SettingKey("precision", \.compute.precision, decides: "precision") { $0.compute.precision.given },
            SettingKey("threads", optional: \.compute.threads) { $0.threads }.free,
            SettingKey("device", \.compute.device) {
                $0.compute.place.device.given.flatMap { TrainingSettings.ComputeDevice(rawValue: $0.rawValue) }
            }.free,
            SettingKey("float32-matmul-precision", \.compute.productPrecision) {
                $0.compute.place.float32MatmulPrecision.given
            },
            .momentary("json"),
        ]
    }

    /// The options that a run's settings stand for.
    init(_ settings: TrainingSettings) {
        self.init()
        var name = ModelName()
        name.model = settings.model.name
        var named = NamedModel()
        named.name = name
        named.weights = settings.model.weights
        var model = ModelOptions()
        model.named = named
        var size = PictureSize()
        size.resolution = settings.model.imageSize
        model.size = size
        var length = TextLength()
        length.contextLength = settings.model.contextLength
        model.length = length
        self.named = model
        var processor = ThreadOptions()
        processor.threads = settings.compute.threads
        var place = PlaceOptions()
        place.processor = processor
        place.device = Given(PlaceOptions.Place(rawValue: settings.compute.device.rawValue) ?? .cpu)
        place.float32MatmulPrecision = Given(settings.compute.productPrecision)
        var compute = ComputeOptions()
        compute.place = place
        compute.precision = Given(settings.compute.precision)
        self.compute = compute
        var output = OutputOptions()
        output.json = false
        self.output = output
    }
}
