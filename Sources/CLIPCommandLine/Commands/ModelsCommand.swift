import ArgumentParser
import CLIP
import TorchNN

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the models known by name.",
        discussion: "Example: clip models --json")

    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        struct Model: Encodable {
            var name: String
            var parameters: Int
            var resolution: Int?
            var embeddingSize: Int
            var hasWeights: Bool
        }
        var models: [Model]
    }

    func run() throws {
        let models = try ModelCatalog.names.compactMap { name -> Document.Model? in
            let description: ModelDescription
            do {
                description = try ModelCatalog.description(of: name)
            } catch CLIPError.missingInput where name == ModelCatalog.bundledName {
                Console.warning("the bundled model \"\(name)\" is not beside the executable.")
                return nil
            }
            return Document.Model(
                name: name, parameters: description.configuration.parameterCount,
                resolution: description.configuration.imageSize,
                embeddingSize: description.configuration.embeddingSize, hasWeights: description.weightsPath != nil)
        }
        if output.json { return try Console.printJSON(Document(models: models)) }
        let width = models.map(\.name.count).max() ?? 0
        try Console.answer(Table.padded("name", to: width) + "   parameters  pixels  embedding  weights")
        for model in models {
            try Console.answer(
                Table.padded(model.name, to: width) + Table.rightAligned(String(model.parameters), to: 13)
                    + Table.rightAligned(model.resolution.map(String.init) ?? "-", to: 8)
                    + Table.rightAligned(String(model.embeddingSize), to: 11)
                    + (model.hasWeights ? "  bundled" : "  none: add --weights FILE"))
        }
    }
}
