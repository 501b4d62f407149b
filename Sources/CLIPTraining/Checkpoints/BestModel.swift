import CLIP
import Files
import Foundation
import Torch

/// What a model is judged by on held-out pairs.
public enum HeldOutMeasure: String, Sendable, Codable, CaseIterable {
    /// The mean of all recalls, both ways.
    case retrieval
    /// How often a picture's category comes first.
    case zeroShot = "zero-shot"

    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` where the held-out pairs do not tell.
    public func value(of evaluation: HeldOutEvaluation) throws -> Double {
        switch self {
        case .retrieval:
            guard let retrieval = evaluation.retrieval else {
                throw TrainingError.invalidOption(
                    name: "keep best",
                    problem: "the held-out pictures have classes and no captions. Keep the best by zero-shot.")
            }
            return retrieval.meanRecall
        case .zeroShot:
            guard let categories = evaluation.categories else {
                throw TrainingError.invalidOption(
                    name: "keep best",
                    problem: "the held-out pairs name no two categories, without which zero-shot accuracy cannot be "
                        + "told. Keep the best by retrieval.")
            }
            return categories.accuracy
        }
    }
}

/// The best model so far.
public struct BestRecord: Sendable, Equatable, Codable {
    /// What it is the best by; a run that goes on with another measure compares anew.
    public let measure: HeldOutMeasure
    /// The measure's value, a share from 0 to 1; a later model has to be above it to take its place.
    public let value: Double
    /// Steps done when it was measured.
    public let step: Int
}

/// The best model of a run by a held-out measure: `RUN/best` leads to a model directory under `checkpoints/`.
struct BestModel {
    private let run: String
    private static let prefix = "best-"

    init(run: String) { self.run = run }

    /// Writes the model, which `write` brings to the disk, and turns `RUN/best` to it. There is no moment without a whole
    /// best model: the link is turned in one step, and the one before is removed only then.
    func replace(at step: Int, write: (_ path: String) throws -> Void) throws {
        let folder = run + "/checkpoints"
        let name = Self.prefix + CheckpointStore.digits(step)
        // A run that was killed between this and its next checkpoint comes here again with the same model.
        if !FileManager.default.fileExists(atPath: folder + "/" + name) { try write(folder + "/" + name) }
        try SymbolicLink.turn(run + "/best", to: "checkpoints/" + name)
        for other in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where other.hasPrefix(Self.prefix) && other != name {
            try? FileManager.default.removeItem(atPath: folder + "/" + other)
        }
    }
}
