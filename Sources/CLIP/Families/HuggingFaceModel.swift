/// A kind of model that Hugging Face's library has a class for: which towers it pairs, and how `config.json` states them.
/// Such a kind stands in a folder of ``TowerFamilies`` and is added by one line there. A kind may be a lone tower.
protocol HuggingFaceModel: Sendable {
    /// `model_type` of `config.json`.
    static var modelType: String { get }

    /// Reads `config.json`. What changes a model's numbers is read or refused; the rest, which these files have much of,
    /// is let be.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration

    /// `config.json` without its `model_type`; nil for a model of another kind.
    static func object(of model: ModelConfiguration) -> [String: Any]?

    /// The names that the library's class gives the parameters of such a model.
    static var layout: ParameterLayout { get }

    /// The library's class that prepares pictures so.
    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String
}
