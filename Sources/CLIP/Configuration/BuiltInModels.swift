import TorchNN

/// Architectures known by name. They have no weights of their own.
public enum BuiltInModels {
    /// open_clip's name, and OpenAI's name for the same shape with QuickGELU. OpenAI calls its ResNets as open_clip
    /// calls those without QuickGELU; open_clip's meaning is taken.
    private struct Entry {
        let name: String
        let openAIName: String?
        let configuration: ModelConfiguration
    }

    private static let shapes: [Entry] = [
        entry("ViT-B-32", openAI: "ViT-B/32", embed: 512, image: 224, patch: 32, width: 768, layers: 12, text: 512),
        entry("ViT-B-16", openAI: "ViT-B/16", embed: 512, image: 224, patch: 16, width: 768, layers: 12, text: 512),
        entry("ViT-L-14", openAI: "ViT-L/14", embed: 768, image: 224, patch: 14, width: 1024, layers: 24, text: 768),
        entry(
            "ViT-L-14-336", openAI: "ViT-L/14@336px", embed: 768, image: 336, patch: 14, width: 1024, layers: 24,
            text: 768),
        resNet("RN50", embed: 1024, image: 224, layers: [3, 4, 6, 3], width: 64, text: 512),
        resNet("RN101", embed: 512, image: 224, layers: [3, 4, 23, 3], width: 64, text: 512),
        resNet("RN50x4", embed: 640, image: 288, layers: [4, 6, 10, 6], width: 80, text: 640),
        resNet("RN50x16", embed: 768, image: 384, layers: [6, 8, 18, 8], width: 96, text: 768),
        resNet("RN50x64", embed: 1024, image: 448, layers: [3, 15, 36, 10], width: 128, text: 1024),
    ]

    private static func entry(
        _ name: String, openAI: String, embed: Int, image: Int, patch: Int, width: Int, layers: Int, text: Int
    ) -> Entry {
        Entry(
            name: name, openAIName: openAI,
            configuration: ModelConfiguration(
                embeddingSize: embed,
                vision: .transformer(.init(imageSize: image, patchSize: patch, width: width, layers: layers)),
                text: .transformer(.init(width: text, headCount: text / 64, layers: 12))))
    }

    private static func resNet(
        _ name: String, embed: Int, image: Int, layers: [Int], width: Int, text: Int
    ) -> Entry {
        Entry(
            name: name, openAIName: nil,
            configuration: ModelConfiguration(
                embeddingSize: embed,
                vision: .resNet(.init(imageSize: image, layers: layers, width: width)),
                text: .transformer(.init(width: text, headCount: text / 64, layers: 12))))
    }

    /// Every name ``configuration(named:)`` knows: vision transformers, then ResNets, smallest first.
    public static var names: [String] { shapes.flatMap { [$0.name, $0.name + "-quickgelu"] } }

    /// OpenAI's nine models as they call them. Their ResNets' names are open_clip's too, which has no QuickGELU then.
    public static let openAINames = [
        "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B/32", "ViT-B/16", "ViT-L/14", "ViT-L/14@336px",
    ]

    /// Whether OpenAI and open_clip mean different models by the name.
    static func isAmbiguous(_ name: String) -> Bool { name.hasPrefix("RN") && openAINames.contains(name) }

    /// The architecture of a name such as "ViT-B-32", "ViT-B-32-quickgelu" or OpenAI's "ViT-B/32".
    public static func configuration(named name: String) -> ModelConfiguration? {
        for entry in shapes {
            if name == entry.name || name == entry.name + "-gelu" { return entry.configuration }
            if name == entry.name + "-quickgelu" || name == entry.openAIName {
                return entry.configuration.with(activation: .quickGELU)
            }
        }
        return nil
    }
}
