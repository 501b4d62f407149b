import CLIPText
import Files
import Foundation
import TorchNN

/// Architectures known by name. They have no weights of their own.
///
/// Names are open_clip's (`Resources/architectures.json` states their shapes), OpenAI's for its nine models, and
/// Chinese-CLIP's after "chinese-clip-".
public enum BuiltInModels {
    /// OpenAI's nine models as they call them. Their ResNets' names are open_clip's too, which has no QuickGELU then.
    public static let openAINames = [
        "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B/32", "ViT-B/16", "ViT-L/14", "ViT-L/14@336px",
    ]

    /// Every name ``configuration(named:)`` knows: OpenAI's shapes first, then open_clip's others, then Chinese-CLIP's.
    public static let names: [String] = {
        let first = [
            "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64",
        ]
        let rest = shapes.keys.filter { !first.contains($0) }.sorted()
        return (first + rest).flatMap { name in
            takesQuickGELU(name) ? [name, name + quickEnding] : [name]
        } + chineseShapes.keys.sorted()
    }()

    /// Whether OpenAI and open_clip mean different models by the name.
    static func isAmbiguous(_ name: String) -> Bool { name.hasPrefix("RN") && openAINames.contains(name) }

    private static let quickEnding = "-quickgelu"

    /// The architecture of a name such as "ViT-B-32", "ViT-B-32-quickgelu" or OpenAI's "ViT-B/32".
    public static func configuration(named name: String) -> ModelConfiguration? {
        if let shape = shapes[name] ?? chineseShapes[name] { return shape }
        // OpenAI's transformers, all with QuickGELU, have open_clip's names with other punctuation.
        if openAINames.contains(name) {
            let plain = name.replacingOccurrences(of: "/", with: "-").replacingOccurrences(of: "@", with: "-")
                .replacingOccurrences(of: "px", with: "")
            return shapes[plain]?.with(activation: .quickGELU)
        }
        for (ending, activation) in [(quickEnding, Activation.quickGELU), ("-gelu", .gelu)] where name.hasSuffix(ending)
        {
            let plain = String(name.dropLast(ending.count))
            if takesQuickGELU(plain) { return shapes[plain]?.with(activation: activation) }
        }
        return nil
    }

    /// open_clip gives towers of its own a QuickGELU twin, not those of other libraries.
    private static func takesQuickGELU(_ name: String) -> Bool {
        guard let shape = shapes[name], let vision = shape.vision else { return false }
        return shape.initialLogitBias == nil && shape.captionDecoder == nil && !vision.isTimms
    }

    /// open_clip's shapes by name; empty where the resource is not beside the executable.
    private static let shapes: [String: ModelConfiguration] = {
        for folder in ResourceFolder(target: "CLIP").candidates() {
            let file = folder.appendingPathComponent("architectures.json")
            guard let data = try? WholeFile.data(file.path, limit: 16 << 20),
                let all = try? ConfigurationObject(data, source: file.lastPathComponent)
            else { continue }
            var shapes: [String: ModelConfiguration] = [:]
            for name in all.keys {
                shapes[name] = try? ModelConfiguration(all.object(name))
            }
            return shapes
        }
        return [:]
    }()

    /// What Chinese-CLIP's pairs of towers are called here.
    static let chineseNames = BERTConfiguration.chineseCLIPs.map { chineseBeginning + $0.vision }

    private static let chineseBeginning = "chinese-clip-"

    /// Chinese-CLIP's, by its names after "chinese-clip-".
    private static let chineseShapes: [String: ModelConfiguration] = {
        var found: [String: ModelConfiguration] = [:]
        for (name, text) in BERTConfiguration.chineseCLIPs {
            guard let shape = shapes[name]?.with(activation: .quickGELU) else { continue }
            found[chineseBeginning + name] = ModelConfiguration(
                embeddingSize: shape.embeddingSize, vision: shape.vision, text: text)
        }
        return found
    }()
}
