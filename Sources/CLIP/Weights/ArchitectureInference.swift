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
        if checkpoint.isOpenAIs, let finding = try openAI() { return finding }
        if let finding = try chineseCLIP() { return finding }
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

    // MARK: OpenAI

    private func openAI() throws -> Finding? {
        guard let vision = try imageTower(), let text = textTower(),
            let projection = shape("text_projection"), projection.count == 2
        else { return nil }
        var configuration = ModelConfiguration(
            embeddingSize: projection[1], vision: vision, text: .transformer(text))
        configuration = configuration.with(activation: .quickGELU)
        try configuration.validate(source: checkpoint.path)
        let known = BuiltInModels.openAINames.first {
            BuiltInModels.configuration(named: $0)?.with(activation: .quickGELU) == configuration
        }
        return Finding(name: known ?? "OpenAI's layout", configuration: configuration)
    }

    /// Heads are 64 channels wide in all of OpenAI's and Chinese-CLIP's models but the latter's largest, where they are
    /// 80.
    private func imageTower() throws -> ModelConfiguration.Vision? {
        if let positions = shape("visual.attnpool.positional_embedding"), positions.count == 2 {
            let layers = (1...4).map { numbered("visual.layer\($0)") }
            guard let grid = Self.grid(positions[0]), !layers.contains(0) else { return nil }
            return .resNet(ResNetConfiguration(imageSize: grid * 32, layers: layers, width: positions[1] / 32))
        }
        guard let kernel = shape("visual.conv1.weight"), kernel.count == 4, kernel[3] > 0,
            let positions = shape("visual.positional_embedding"), positions.count == 2,
            let hidden = shape("visual.transformer.resblocks.0.mlp.c_fc.weight"), hidden.count == 2
        else { return nil }
        let (width, patch) = (kernel[0], kernel[3])
        let headWidth = width == 1280 ? 80 : 64
        let layers = numbered("visual.transformer.resblocks")
        guard let grid = Self.grid(positions[0]), width >= headWidth, layers > 0 else { return nil }
        var tower = VisionTransformerConfiguration(
            imageSize: grid * patch, patchSize: patch, width: width, layers: layers, headWidth: headWidth)
        tower.feedForwardRatio = VisionTransformerConfiguration.ratio(hidden[0], over: width)
        tower.activation = .quickGELU
        return .transformer(tower)
    }

    /// The side of a square grid with one position before it; nil for a number of positions that makes none.
    private static func grid(_ positions: Int) -> Int? {
        guard positions > 1 else { return nil }
        let grid = Int(Double(positions - 1).squareRoot().rounded())
        return grid * grid + 1 == positions ? grid : nil
    }

    private func textTower() -> TextTransformerConfiguration? {
        guard let words = shape("token_embedding.weight"), words.count == 2, words[1] >= 64,
            let positions = shape("positional_embedding"), positions.count == 2
        else { return nil }
        let layers = numbered("transformer.resblocks")
        guard layers > 0 else { return nil }
        var tower = TextTransformerConfiguration(width: words[1], headCount: words[1] / 64, layers: layers)
        tower.vocabularySize = words[0]
        tower.contextLength = positions[0]
        return tower
    }

    // MARK: Chinese-CLIP

    private func chineseCLIP() throws -> Finding? {
        guard let words = shape("bert.embeddings.word_embeddings.weight"), words.count == 2, words[1] >= 64,
            let positions = shape("bert.embeddings.position_embeddings.weight"), positions.count == 2,
            let types = shape("bert.embeddings.token_type_embeddings.weight"), types.count == 2,
            let hidden = shape("bert.encoder.layer.0.intermediate.dense.weight"), hidden.count == 2,
            let projection = shape("text_projection"), projection.count == 2, let vision = try imageTower()
        else { return nil }
        var text = BERTConfiguration(
            width: words[1], headCount: words[1] / 64, layers: numbered("bert.encoder.layer"), hiddenWidth: hidden[0])
        text.vocabularySize = words[0]
        text.positionCount = positions[0]
        text.contextLength = min(text.contextLength, positions[0])
        text.typeCount = types[0]
        let configuration = ModelConfiguration(embeddingSize: projection[1], vision: vision, text: .bert(text))
        try configuration.validate(source: checkpoint.path)
        return Finding(name: "Chinese-CLIP", configuration: configuration)
    }

    // MARK: Reading names and shapes

    /// Far more than any model has, and far from where products overflow: a file may claim any size for an empty tensor.
    private static let largestSide = 1 << 24

    private func shape(_ name: String) -> [Int]? {
        let shape = checkpoint.tensors[name]?.shape
        return shape?.allSatisfy { $0 <= Self.largestSide } == true ? shape : nil
    }

    /// One more than the highest number that follows a name; 0 where that is no number a model has.
    private func numbered(_ prefix: String) -> Int {
        let numbers = checkpoint.tensors.keys.compactMap { name -> Int? in
            guard name.hasPrefix(prefix + ".") else { return nil }
            return Int(name.dropFirst(prefix.count + 1).prefix { $0 != "." })
        }
        let highest = numbers.max() ?? -1
        return highest < 1000 ? highest + 1 : 0
    }
}
