import Foundation

/// What several arms' curves say beside each other.
public struct LearningComparison: Sendable, Codable {
    /// An arm's curves over all seeds as one.
    public struct Arm: Sendable, Codable {
        public var arm: ExperimentArm
        public var seeds: [UInt64]
        public var points: [Point]
        public var parameters: Int
        /// Over all seeds, of training without evaluation.
        public var picturesPerSecond: Double

        public var final: Point? { points.last }
    }

    public struct Point: Sendable, Codable, Equatable {
        public var pictures: Int
        /// Means over seeds.
        public var accuracy: Double
        public var pictureAccuracy: Double
        public var loss: Double
        /// The least and the greatest of a seed.
        public var least: Double
        public var greatest: Double
    }

    /// Pictures that each arm needs to reach an accuracy.
    public struct Need: Sendable, Codable {
        public var accuracy: Double
        /// By arm name; arms that do not reach it are absent.
        public var pictures: [String: Double]
    }

    /// How many times as many pictures one arm needs as another.
    public struct Ratio: Sendable, Codable {
        public var arm: String
        public var other: String
        /// The highest accuracy that both reach.
        public var accuracy: Double
        public var armPictures: Double
        public var otherPictures: Double
        public var ratio: Double { otherPictures / armPictures }
    }

    public var arms: [Arm]
    public var needs: [Need]
    /// Each arm beside the next.
    public var ratios: [Ratio]
    public var chance: Double
    public var heldOutPictures: Int
    public var categories: Int

    /// - Parameter curves: arm by arm, at least one.
    public init(_ curves: [LearningCurve]) {
        var groups: [(arm: ExperimentArm, curves: [LearningCurve])] = []
        for curve in curves {
            if let place = groups.firstIndex(where: { $0.arm == curve.settings.arm }) {
                groups[place].curves.append(curve)
            } else {
                groups.append((curve.settings.arm, [curve]))
            }
        }
        arms = groups.map { Self.arm($0.arm, $0.curves) }
        categories = curves.first?.categories ?? 0
        heldOutPictures = curves.first?.heldOutPictures ?? 0
        chance = 1 / Double(max(1, categories))
        let best = arms.flatMap(\.points).map(\.accuracy).max() ?? 0
        let all = arms
        needs = Self.levels(from: chance, to: best).map { level in
            let found = all.compactMap { arm in
                Self.pictures(arm.points, toReach: level).map { (arm.arm.name, $0) }
            }
            return Need(accuracy: level, pictures: Dictionary(found, uniquingKeysWith: { first, _ in first }))
        }
        ratios = zip(all, all.dropFirst()).compactMap { Self.ratio($0, $1) }
    }

    private static func arm(_ arm: ExperimentArm, _ curves: [LearningCurve]) -> Arm {
        let length = curves.map(\.points.count).min() ?? 0
        let points = (0..<length).map { index in
            let all = curves.map { $0.points[index] }
            let accuracies = all.map(\.accuracy)
            return Point(
                pictures: all[0].pictures, accuracy: accuracies.reduce(0, +) / Double(all.count),
                pictureAccuracy: all.map(\.pictureAccuracy).reduce(0, +) / Double(all.count),
                loss: all.map(\.loss).reduce(0, +) / Double(all.count), least: accuracies.min() ?? 0,
                greatest: accuracies.max() ?? 0)
        }
        let pictures = curves.compactMap(\.points.last?.pictures).reduce(0, +)
        return Arm(
            arm: arm, seeds: curves.map(\.seed), points: points, parameters: curves.first?.parameters ?? 0,
            picturesPerSecond: Double(pictures) / max(1e-9, curves.map(\.trainingSeconds).reduce(0, +)))
    }

    /// Round accuracies between two: up to eight, in steps of 1, 2.5, 5 or 10 per cent.
    static func levels(from low: Double, to high: Double) -> [Double] {
        guard high > low else { return [] }
        let step = [0.01, 0.025, 0.05, 0.1].first { (high - low) / $0 <= 8 } ?? 0.2
        let first = Int((low / step).rounded(.down)) + 1
        let last = Int((high / step + 1e-9).rounded(.down))
        return first <= last ? (first...last).map { Double($0) * step } : []
    }

    /// Pictures after which a curve first reaches an accuracy, between two points linearly over the logarithm of pictures;
    /// nil where it does not. A curve that starts above it is taken to need what its first point had.
    static func pictures(_ points: [Point], toReach accuracy: Double) -> Double? {
        guard let place = points.firstIndex(where: { $0.accuracy >= accuracy - 1e-12 }) else { return nil }
        let point = points[place]
        guard place > 0 else { return Double(point.pictures) }
        let before = points[place - 1]
        let share = (accuracy - before.accuracy) / (point.accuracy - before.accuracy)
        return Double(before.pictures) * pow(Double(point.pictures) / Double(before.pictures), share)
    }

    private static func ratio(_ arm: Arm, _ other: Arm) -> Ratio? {
        let level = min(
            arm.points.map(\.accuracy).max() ?? 0, other.points.map(\.accuracy).max() ?? 0)
        guard level > 0, let own = pictures(arm.points, toReach: level),
            let others = pictures(other.points, toReach: level)
        else { return nil }
        return Ratio(arm: arm.arm.name, other: other.arm.name, accuracy: level, armPictures: own, otherPictures: others)
    }
}
