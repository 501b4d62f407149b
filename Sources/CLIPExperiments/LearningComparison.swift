import Foundation

/// What several arms' curves say beside each other.
package struct LearningComparison: Sendable, Codable {
    /// An arm's curves over all seeds as one.
    package struct Arm: Sendable, Codable {
        package var arm: ExperimentArm
        package var seeds: [UInt64]
        package var points: [Point]
        package var parameters: Int
        /// Over all seeds, of training without evaluation.
        package var picturesPerSecond: Double

        package var final: Point? { points.last }
    }

    package struct Point: Sendable, Codable, Equatable {
        package var pictures: Int
        /// Means over seeds.
        package var accuracy: Double
        package var pictureAccuracy: Double
        package var loss: Double
        /// The least and the greatest of a seed.
        package var least: Double
        package var greatest: Double
    }

    /// Pictures that each arm needs to reach an accuracy.
    package struct Need: Sendable, Codable {
        package var accuracy: Double
        /// By arm name; arms that do not reach it are absent.
        package var pictures: [String: Double]
    }

    /// How many times as many pictures one arm needs as another.
    package struct Ratio: Sendable, Codable {
        package var arm: String
        package var other: String
        /// The highest accuracy that both reach.
        package var accuracy: Double
        package var armPictures: Double
        package var otherPictures: Double
        package var ratio: Double { otherPictures / armPictures }
    }

    package var arms: [Arm]
    package var needs: [Need]
    /// Each arm beside the next.
    package var ratios: [Ratio]
    package var chance: Double
    package var heldOutPictures: Int
    package var categories: Int

    /// - Parameter curves: arm by arm, at least one.
    package init(_ curves: [LearningCurve]) {
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
