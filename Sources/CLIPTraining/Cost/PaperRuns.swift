import CLIP

/// The paper's own runs by the same formula (arXiv 2103.00020, section 2.5 and tables 18 to 20).
public struct PaperRun: Sendable, Equatable, Codable {
    /// The model by the name of its shape: `RN50x64`, `ViT-L-14-336`.
    public let model: String
    /// Pairs seen: 32 epochs of 400 million; one more at 336 pixels.
    public let pairs: Double
    /// Floating-point operations in all: three times the forward pass of whole sequences. Recomputed blocks, which the
    /// paper used, are not counted.
    public let operations: Double
    /// Days of one V100 at ``assumedUtilization``.
    public let gpuDays: Double
    /// Days of one V100 that the paper states; nil where it states none.
    public let statedGPUDays: Double?

    /// The share of a V100's peak that ``gpuDays`` assume. The two runs whose days the paper states come out at 18 and
    /// 20 %.
    public static let assumedUtilization = 0.2
    /// A V100's tensor cores, operations a second in half precision.
    public static let gpuPeak = 125e12

    /// The share of the peak that the stated days come to.
    public var impliedUtilization: Double? { statedGPUDays.map { operations / ($0 * 86_400 * Self.gpuPeak) } }

    /// Every model the paper trained, smallest first of each kind.
    public static var all: [PaperRun] {
        let names: [(shape: String, stated: Double?)] = [
            ("RN50", nil), ("RN101", nil), ("RN50x4", nil), ("RN50x16", nil), ("RN50x64", 18 * 592),
            ("ViT-B-32", nil), ("ViT-B-16", nil), ("ViT-L-14", 12 * 256), ("ViT-L-14-336", nil),
        ]
        return names.compactMap { name, stated in
            guard let shape = BuiltInModels.configuration(named: name) else { return nil }
            let forward = { (shape: ModelConfiguration) in
                2 * (TowerWork.image(of: shape, .plain).total + TowerWork.text(of: shape, .plain).total)
            }
            var operations = 3 * forward(shape) * 32 * 400e6
            // The larger pictures came in one more epoch after those of 224 pixels.
            if name == "ViT-L-14-336", let before = BuiltInModels.configuration(named: "ViT-L-14") {
                operations = 3 * (forward(before) * 32 + forward(shape)) * 400e6
            }
            return PaperRun(
                model: name, pairs: (name == "ViT-L-14-336" ? 33 : 32) * 400e6, operations: operations,
                gpuDays: operations / (assumedUtilization * gpuPeak * 86_400), statedGPUDays: stated)
        }
    }
}
