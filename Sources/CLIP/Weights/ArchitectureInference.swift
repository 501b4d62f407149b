import Foundation
import Torch
import TorchNN

/// Finds a model's shape in its weights, where weights alone are enough.
///
/// Most of a shape is in the tensors' sizes. The number of heads and the non-linearity are not; they are known for what
/// OpenAI and Chinese-CLIP published, and for shapes that only one known architecture has. Anything else is asked for:
/// a guess would give other numbers without a word.
struct ArchitectureInference {
    let checkpoint: Checkpoint
    let layout: ParameterLayout

    struct Finding {
        let name: String
        let configuration: ModelConfiguration
    }

    /// - Throws: ``CLIPError/architectureNeeded(path:reason:choices:)``.
    func finding() throws -> Finding {
        if let finding = try inferred() { return finding }
        let count = try parameterCount()
        let matches = BuiltInModels.names.filter { BuiltInModels.configuration(named: $0)?.parameterCount == count }
        if matches.count == 1, let configuration = BuiltInModels.configuration(named: matches[0]) {
            return Finding(name: matches[0], configuration: configuration)
        }
        let reason =
            matches.isEmpty
            ? "its \(count) parameters are those of no architecture known by name"
            : "its tensors do not say which non-linearity it was trained with"
        throw CLIPError.architectureNeeded(path: checkpoint.path, reason: reason, choices: matches)
    }

    /// Learnable values in the file, under names the layout knows.
    private func parameterCount() throws -> Int {
        let statistics = ["running_mean", "running_var", "num_batches_tracked"]
        return checkpoint.tensors.reduce(0) { sum, entry in
            guard layout.parameter(of: entry.key) != nil else { return sum }
            return statistics.contains { entry.key.hasSuffix($0) } ? sum : sum + entry.value.count
        }
    }

    /// By shapes that families can read from their weights.
    private func inferred() throws -> Finding? {
        let shapes = CheckpointShapes(checkpoint: checkpoint)
        guard let vision = TowerFamilies.image.firstInferred({ $0.inferred(from: shapes) }),
            let text = TowerFamilies.text.firstInferred({ $0.inferred(from: shapes) }),
            let projection = shapes["text_projection", rank: 2]
        else { return nil }
        let configuration = ModelConfiguration(embeddingSize: projection[1], vision: vision, text: text)
        try configuration.validate(source: checkpoint.path)
        let known = BuiltInModels.openAINames.first {
            BuiltInModels.configuration(named: $0)?.with(activation: .quickGELU) == configuration
        }
        let name = known ?? (checkpoint.isLongCLIPs ? "LongCLIP" : type(of: text).inferredModelName)
        return Finding(name: name, configuration: configuration)
    }
}

extension Sequence {
    fileprivate func firstInferred<Shape>(_ infer: (Element) -> Shape?) -> Shape? { lazy.compactMap(infer).first }
}
