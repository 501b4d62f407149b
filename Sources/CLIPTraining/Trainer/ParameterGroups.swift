import CLIP
import Foundation
import TorchNN

/// Sorts a model's trained parameters by how the optimizer is to move them.
enum ParameterGroups {
    private struct Key: Hashable {
        let factor: Double
        let decay: Double
    }

    /// Groups with one learning-rate factor and one weight decay each. Matrices and embeddings are decayed; gains,
    /// biases, the class token and the temperature have fewer than two dimensions, and only they are exempt.
    ///
    /// With layer decay d, layer l of a tower with L blocks moves at d^(L+1−l) of the tower's rate: 0 for embeddings, 1
    /// to L for blocks, L+1 for what comes after (BEiT, Bao et al., arXiv 2106.08254; EVA-CLIP, arXiv 2303.15389).
    static func groups(of model: DualEncoder, configuration: TrainingConfiguration) throws -> [AdamW.Group] {
        var order: [Key] = []
        var members: [Key: [(name: String, parameter: Parameter)]] = [:]
        let named = model.namedParameters.filter(\.parameter.isTrainable)
        // The decayed first.
        for entry in named.filter({ $0.parameter.shape.count >= 2 }) + named.filter({ $0.parameter.shape.count < 2 }) {
            let key = try key(for: entry, in: model, configuration)
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(entry)
        }
        return order.map {
            AdamW.Group(members[$0] ?? [], weightDecay: $0.decay, learningRateFactor: $0.factor)
        }
    }

    private static func key(
        for entry: (name: String, parameter: Parameter), in model: DualEncoder, _ configuration: TrainingConfiguration
    ) throws -> Key {
        let isDecayed = entry.parameter.shape.count >= 2
        let towers: [(prefix: String, tower: any Tower, settings: TowerTechniques)] = [
            ("visual.", try model.visual, configuration.techniques.imageTower),
            ("text.", try model.text, configuration.techniques.textTower),
        ]
        guard let (prefix, tower, settings) = towers.first(where: { entry.name.hasPrefix($0.prefix) }) else {
            return Key(factor: 1, decay: isDecayed ? configuration.weightDecay : 0)
        }
        var factor = (settings.learningRate ?? configuration.learningRate) / configuration.learningRate
        if settings.layerDecay != 1 {
            let layer = tower.layer(of: String(entry.name.dropFirst(prefix.count)))
            factor *= pow(settings.layerDecay, Double(tower.layerCount + 1 - layer))
        }
        return Key(factor: factor, decay: isDecayed ? settings.weightDecay ?? configuration.weightDecay : 0)
    }
}

extension TechniqueConfiguration {
    /// Puts what concerns the towers themselves into effect.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for what a tower cannot do.
    func apply(to model: DualEncoder) throws {
        if patchDropout > 0 {
            guard let dropout = try model.visual.patchDropout else {
                let family = type(of: try model.configuration.imageTower()).familyName
                throw TrainingError.invalidOption(
                    name: "patch dropout",
                    problem: "the image tower (\(family)) has no patches to leave out")
            }
            dropout.probability = patchDropout
        }
        if checkpointsGradients {
            for tower in model.towers { tower.recomputesBlocks = true }
        }
        for (tower, settings) in [(try model.visual as any Tower, imageTower), (try model.text, textTower)]
        where settings.isLocked {
            try tower.lock(unlockedGroups: settings.unlockedGroups, freezesStatistics: settings.freezesStatistics)
        }
    }
}
