import CLIPData
import Imaging

/// A common way in which pictures are bad: ImageNet-C's 15 corruptions and its 4 extra ones, at 5 severities
/// (Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
/// arXiv 1903.12261).
///
/// With the constants that ImageNet-C was made with. What differs: frost is drawn rather than photographed, values are
/// rounded rather than cut off, JPEG keeps the colors' full resolution, nothing is cropped to a square, and the result is
/// not saved as a JPEG of quality 85 afterwards.
public enum Corruption: String, CaseIterable, Sendable, Codable {
    /// Normal noise, as in low light.
    case gaussianNoise = "gaussian_noise"
    /// Poisson noise, of light coming in quanta.
    case shotNoise = "shot_noise"
    /// Samples that are 0 or 1, as of bit errors.
    case impulseNoise = "impulse_noise"
    /// Out of focus: a disk for each point.
    case defocusBlur = "defocus_blur"
    /// Seen through frosted glass.
    case glassBlur = "glass_blur"
    /// A camera that moves in a straight line.
    case motionBlur = "motion_blur"
    /// A camera that moves towards what it sees.
    case zoomBlur = "zoom_blur"
    /// Flakes in motion, on a picture that is whitened.
    case snow
    /// Crystals of ice on the lens.
    case frost
    /// Fog of uneven thickness.
    case fog
    /// More of HSV's value.
    case brightness
    /// Less difference from the mean color.
    case contrast
    /// Stretched and contracted in places.
    case elasticTransform = "elastic_transform"
    /// Reduced, and enlarged without interpolation.
    case pixelate
    /// A JPEG of low quality.
    case jpegCompression = "jpeg_compression"
    /// Normal noise in proportion to the value. Extra.
    case speckleNoise = "speckle_noise"
    /// A normal distribution for each point. Extra.
    case gaussianBlur = "gaussian_blur"
    /// Drops of water or mud on the lens. Extra.
    case spatter
    /// More or less of HSV's saturation. Extra.
    case saturate

    /// The shortest side of the published pictures, in pixels.
    public static let shortestSide = 224
    /// From the mildest to the worst.
    public static let severities = 1...5

    /// What stands for the 15 published kinds.
    public static let allName = "all"

    /// The kinds that a name stands for: its own, or with ``allName`` the published ones; nil for none.
    public static func kinds(named name: String) -> [Corruption]? {
        name == allName ? allCases.filter { !$0.isExtra } : Corruption(rawValue: name).map { [$0] }
    }

    /// All names, for messages.
    package static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// `noise`, `blur`, `weather` or `digital`, as the paper divides the 15 (figure 1); the extra ones by what they are like.
    public var group: String {
        switch self {
        case .gaussianNoise, .shotNoise, .impulseNoise, .speckleNoise: "noise"
        case .defocusBlur, .glassBlur, .motionBlur, .zoomBlur, .gaussianBlur: "blur"
        case .snow, .frost, .fog, .brightness, .spatter: "weather"
        case .contrast, .elasticTransform, .pixelate, .jpegCompression, .saturate: "digital"
        }
    }

    /// Whether it is none of the 15 of the benchmark, but meant for choosing settings.
    public var isExtra: Bool {
        switch self {
        case .speckleNoise, .gaussianBlur, .spatter, .saturate: true
        default: false
        }
    }

    /// The picture, brought to a shortest side of 224 pixels (bilinear, as the published ones) and corrupted.
    ///
    /// - Parameters:
    ///   - picture: of any size; its shape is kept.
    ///   - severity: 1 to 5.
    ///   - seed: the same seed gives the same bytes; brightness, contrast, pixelate, saturate, JPEG compression and the
    ///     defocus, zoom and Gaussian blurs do not depend on it.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` for another severity or a strip more than 32 times as long as
    ///   wide; `ImagingError` where the JPEG library fails.
    public func applied(to picture: Picture, severity: Int, seed: UInt64) throws -> Picture {
        try check(severity)
        let raster = try Raster(picture, shortestSide: Self.shortestSide)
        return try corrupted(raster, severity: severity, seed: seed).picture(name: picture.name)
    }

    /// The same in the size that the raster has, of three channels.
    func corrupted(_ raster: Raster, severity: Int, seed: UInt64) throws -> Raster {
        try check(severity)
        let level = severity - 1
        var numbers = RandomNumbers(seed: seed)
        return switch self {
        case .gaussianNoise: raster.gaussianNoise(level, &numbers)
        case .shotNoise: raster.shotNoise(level, &numbers)
        case .impulseNoise: raster.impulseNoise(level, &numbers)
        case .speckleNoise: raster.speckleNoise(level, &numbers)
        case .defocusBlur: raster.defocused(level)
        case .glassBlur: raster.behindGlass(level, &numbers)
        case .motionBlur: raster.moved(level, &numbers)
        case .zoomBlur: raster.zoomBlurred(level)
        case .gaussianBlur: raster.gaussianBlurred(level)
        case .snow: raster.snowedOn(level, &numbers)
        case .frost: raster.frosted(level, &numbers)
        case .fog: raster.fogged(level, &numbers)
        case .brightness: raster.brightened(level)
        case .spatter: raster.spattered(level, &numbers)
        case .contrast: raster.withLessContrast(level)
        case .elasticTransform: raster.stretched(level, &numbers)
        case .pixelate: raster.pixelated(level)
        case .jpegCompression: try raster.compressed(level)
        case .saturate: raster.saturated(level)
        }
    }

    private func check(_ severity: Int) throws {
        guard Self.severities.contains(severity) else {
            throw EvaluationError.samples(name: rawValue, problem: "severity \(severity) is not in 1...5")
        }
    }
}

extension Corruption {
    /// Uniform and normal numbers from one seed.
    struct RandomNumbers {
        private var generator: SplitMix64
        /// The second of a pair of normal numbers.
        var spare: Float?

        init(seed: UInt64) { generator = SplitMix64(seed: seed) }

        /// In 0..<1, a multiple of 2^-53 before it is rounded.
        mutating func unit() -> Double { generator.unit() }

        /// In `low`..<`high`.
        mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * Float(generator.unit()) }

        /// In 0..<`bound`.
        mutating func integer(below bound: Int) -> Int { generator.integer(below: bound) }
    }
}
