import CLIPTraining
import Foundation

/// How zero-shot accuracy grew with the number of pictures processed, for one arm and seed.
public struct LearningCurve: Sendable, Codable, Equatable {
    public struct Point: Sendable, Codable, Equatable {
        /// Pictures processed, each time through the data counted.
        public var pictures: Int
        /// The mean loss since the point before.
        public var loss: Double
        /// Zero-shot accuracy on the held-out pictures, the mean over categories.
        public var accuracy: Double
        /// The share of all held-out pictures that are right.
        public var pictureAccuracy: Double

        public init(pictures: Int, loss: Double, accuracy: Double, pictureAccuracy: Double) {
            self.pictures = pictures
            self.loss = loss
            self.accuracy = accuracy
            self.pictureAccuracy = pictureAccuracy
        }
    }

    /// Everything that decides the numbers: curves are continued only under the same.
    public struct Settings: Sendable, Codable, Equatable {
        public var arm: ExperimentArm
        public var configuration: TrainingConfiguration
        public var model: String
        public var trainingData: String
        public var heldOutData: String
        public var template: String
        /// Pictures processed when it was evaluated.
        public var evaluations: [Int]
    }

    public var settings: Settings
    public var points: [Point]
    /// Learnable values, the image tower's included.
    public var parameters: Int
    public var heldOutPictures: Int
    public var categories: Int
    /// Of training alone, without evaluation.
    public var trainingSeconds: Double

    public var seed: UInt64 { settings.configuration.seed }
}

extension LearningCurve {
    /// Numbers of pictures to evaluate after: `first`, then each √2 times the one before, and the end; each rounded up to
    /// whole steps.
    public static func evaluations(first: Int, batchSize: Int, totalSteps: Int) -> [Int] {
        let (end, overflows) = totalSteps.multipliedReportingOverflow(by: batchSize)
        guard batchSize > 0, totalSteps > 0, !overflows else { return [] }
        var counts: [Int] = []
        for exponent in 0... {
            let next = Double(max(first, batchSize)) * pow(2, Double(exponent) / 2)
            if next >= Double(end) { break }
            let steps = Int((next / Double(batchSize)).rounded(.up))
            if steps < totalSteps, counts.last != steps * batchSize { counts.append(steps * batchSize) }
        }
        // A point right before the last says nothing that the last does not.
        if let last = counts.last, Double(last) > 0.85 * Double(end) { counts.removeLast() }
        return counts + [end]
    }
}
