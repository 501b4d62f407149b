import CLIPTraining
import Foundation

/// How zero-shot accuracy grew with the number of pictures processed, for one arm and seed.
package struct LearningCurve: Sendable, Codable, Equatable {
    package struct Point: Sendable, Codable, Equatable {
        /// Pictures processed, each time through the data counted.
        package var pictures: Int
        /// The mean loss since the point before.
        package var loss: Double
        /// Zero-shot accuracy on the held-out pictures, the mean over categories.
        package var accuracy: Double
        /// The share of all held-out pictures that are right.
        package var pictureAccuracy: Double

        package init(pictures: Int, loss: Double, accuracy: Double, pictureAccuracy: Double) {
            self.pictures = pictures
            self.loss = loss
            self.accuracy = accuracy
            self.pictureAccuracy = pictureAccuracy
        }
    }

    /// Everything that decides the numbers: curves are continued only under the same.
    package struct Settings: Sendable, Codable, Equatable {
        package var arm: ExperimentArm
        package var configuration: TrainingConfiguration
        package var model: String
        package var trainingData: String
        package var heldOutData: String
        package var template: String
        /// Pictures processed when it was evaluated.
        package var evaluations: [Int]
    }

    package var settings: Settings
    package var points: [Point]
    /// Learnable values, the image tower's included.
    package var parameters: Int
    package var heldOutPictures: Int
    package var categories: Int
    /// Of training alone, without evaluation.
    package var trainingSeconds: Double

    package var seed: UInt64 { settings.configuration.seed }
}

extension LearningCurve {
    /// Numbers of pictures to evaluate after: `first`, then each √2 times the one before, and the end; each rounded up to
    /// whole steps.
    package static func evaluations(first: Int, batchSize: Int, totalSteps: Int) -> [Int] {
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
