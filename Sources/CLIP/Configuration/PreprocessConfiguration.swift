import Torch

/// How a picture becomes a model's input, as open_clip's `preprocess_cfg` states it.
public struct PreprocessConfiguration: Sendable, Equatable {
    /// How a picture that is not square is made so.
    public enum ResizeMode: String, Sendable {
        /// The shorter side is brought to size and the middle cut out.
        case shortest
        /// Both sides are brought to size, whatever that does to proportions.
        case squash
    }

    /// Pixels of a side.
    public var size: Int
    /// How a picture that is not square becomes one.
    public var resizeMode: ResizeMode = .shortest
    /// How pixels between pixels are found; antialiased, as Pillow does.
    public var interpolation: Interpolation = .bicubic
    /// What is subtracted from red, green and blue in [0, 1].
    public var mean: [Double] = PreprocessConfiguration.clipMean
    /// What they are then divided by.
    public var standardDeviation: [Double] = PreprocessConfiguration.clipStandardDeviation

    /// The statistics of OpenAI's training pictures, which nearly every CLIP model uses.
    public static let clipMean = [0.48145466, 0.4578275, 0.40821073]
    /// By channel, as published with CLIP; applied to values from 0 to 1.
    public static let clipStandardDeviation = [0.26862954, 0.26130258, 0.27577711]

    public init(size: Int) { self.size = size }

    /// What a model is trained with where nothing is said: SigLIP's towers squash and center on one half, Chinese-CLIP's
    /// squash, all others cut the middle out. Nil for a model that reads no pictures.
    public init?(for model: ModelConfiguration) {
        guard let vision = model.vision else { return nil }
        self = vision.preprocessing
        if let resizing = model.text?.pictureResizing { resizeMode = resizing }
    }

    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    init(_ object: ConfigurationObject, imageSize: Int) throws {
        size = try object.squareSize("size", default: imageSize)
        mean = try object.reals("mean", count: 3, default: Self.clipMean)
        standardDeviation = try object.reals("std", count: 3, default: Self.clipStandardDeviation)
        let resize = try object.string("resize_mode", default: "shortest")
        guard let mode = ResizeMode(rawValue: resize) else {
            throw object.problem("resize_mode", "\"\(resize)\" is not supported: use shortest or squash")
        }
        resizeMode = mode
        let sampling = try object.string("interpolation", default: "bicubic")
        guard let interpolation = Interpolation(rawValue: sampling) else {
            throw object.problem("interpolation", "\"\(sampling)\" is not supported: use bicubic or bilinear")
        }
        self.interpolation = interpolation
        try object.refuseOthers(except: ["mode": "RGB"])
        if size != imageSize {
            throw object.problem("size", "pictures of \(size) do not fit a model for \(imageSize)")
        }
        if standardDeviation.contains(where: { $0 <= 0 }) { throw object.problem("std", "numbers above 0 are needed") }
    }

    var jsonObject: [String: Any] {
        [
            "size": size, "mode": "RGB", "mean": mean, "std": standardDeviation,
            "interpolation": interpolation.rawValue, "resize_mode": resizeMode.rawValue, "fill_color": 0,
        ]
    }
}
