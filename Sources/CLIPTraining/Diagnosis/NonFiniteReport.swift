import CLIP
import Files
import Foundation
import Torch
import TorchNN

/// What is found out about a step whose loss or gradient is not finite: where it began, and with which pairs.
public struct NonFiniteReport: Sendable, Equatable, Codable {
    /// A pair of the batch.
    public struct Pair: Sendable, Equatable, Codable {
        /// The shard and entry, or the file, it came from.
        public let location: String
        /// Whether its own embeddings are not finite.
        public let isBroken: Bool
    }

    /// The step that failed, counted from 0.
    public let step: Int
    /// "loss" or "gradient".
    public let what: String
    /// Where values first stop being finite, in words that name a part of the model.
    public let place: String
    /// Parameters whose gradients are not finite, on the way back from the loss.
    public let brokenGradients: [String]
    /// The rate that the step would have moved by.
    public let learningRate: Double
    /// ln(1/τ).
    public let logitScale: Double
    /// What matrix products were computed in, as `Precision` names it: `fp32` or `bf16`.
    public let precision: String
    /// Every pair of the batch, in its order; of this process's part where there are several.
    public let pairs: [Pair]

    /// Pairs to name first: the broken ones where some are and others are not.
    public var suspects: [String] {
        let broken = pairs.filter(\.isBroken)
        return (broken.isEmpty ? pairs : broken).map(\.location)
    }

    /// Runs a batch's forward pass again, part by part. Gradients are taken as the failed step left them; no weight and
    /// no running statistic is changed.
    init(step: Int, what: String, batch: TrainingBatch, trainer: Trainer) throws {
        let model = trainer.model
        self.step = step
        self.what = what
        learningRate = trainer.configuration.schedule.rate(at: step)
        logitScale = try model.logitScale.tensor.detached().item()
        precision = trainer.configuration.precision.rawValue
        brokenGradients = try FiniteSearch.gradients(of: model)
        let search = try Self.search(batch, trainer: trainer)
        place =
            try Self.placeBeforeTheTowers(model, batch) ?? search.place.map { "in \($0)" }
            ?? brokenGradients.first.map { "on the way back, in the gradient of \($0)" }
            ?? "in the loss itself, from embeddings that are finite"
        let broken = search.brokenRows
        pairs = (0..<batch.count).map { row in
            let location = row < batch.locations.count ? batch.locations[row] : "row \(row)"
            return Pair(location: location, isBroken: broken.contains(row))
        }
    }

    private static func placeBeforeTheTowers(_ model: DualEncoder, _ batch: TrainingBatch) throws -> String? {
        if let name = try FiniteSearch.parameter(of: model) { return "in the parameter \(name) itself" }
        if try batch.pictures.dtype != .uint8 && !FiniteSearch.isFinite(batch.pictures) {
            return "in the pictures the tower is given"
        }
        return nil
    }

    private static func search(
        _ batch: TrainingBatch, trainer: Trainer
    ) throws -> (place: FiniteSearch.Place?, brokenRows: Set<Int>) {
        let (model, configuration) = (trainer.model, trainer.configuration)
        model.setTraining(true, updatesStatistics: false)
        defer { model.setTraining(false) }
        var place: FiniteSearch.Place?
        var broken: Set<Int> = []
        try Engine.withoutGradients {
            for start in stride(from: 0, to: batch.count, by: configuration.microBatchSize) {
                let range = start..<min(start + configuration.microBatchSize, batch.count)
                func pictures() throws -> Tensor { try model.encode(pictures: batch.pictures(range)) }
                func texts() throws -> Tensor { try model.encode(captions: Array(batch.captions[range])) }
                for (tower, encode) in [("visual", pictures), ("text", texts)] {
                    try Engine.autocast(configuration.precision.autocastType, on: model.device) {
                        let rows = try brokenRows(encode())
                        broken.formUnion(rows.map { $0 + start })
                        guard !rows.isEmpty, place == nil else { return }
                        place = try FiniteSearch.firstPlace(in: model, startingAt: tower) { _ = try encode() }
                    }
                }
            }
        }
        return (place, broken)
    }

    private static func brokenRows(_ embeddings: Tensor) throws -> [Int] {
        let values = try embeddings.elements(Float.self)
        let width = embeddings.shape[1]
        return (0..<embeddings.shape[0]).filter { row in
            !values[row * width..<(row + 1) * width].allSatisfy(\.isFinite)
        }
    }

    /// What is thrown.
    func error(details: String?, lastGood: String?) -> TrainingError {
        .diverged(
            step: step, what: what, place: place, suspects: suspects, details: details, lastGood: lastGood)
    }

    /// Writes `RUN/diagnosis/step-N.json`.
    /// - Returns: its path.
    func write(run: String) throws -> String {
        let folder = run + "/diagnosis"
        let path = folder + "/step-\(step).json"
        try Folder.make(folder)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        try WholeFile.write(encoder.encode(self), to: path)
        return path
    }
}
