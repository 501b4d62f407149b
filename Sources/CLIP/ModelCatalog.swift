import CLIPText
import Foundation
import ModelHub

/// Finds models by name or path.
public enum ModelCatalog {
    /// The model this package brings along.
    public static let bundledName = "pictures"

    /// Every name ``description(of:)`` knows: the bundled model first, then architectures without weights.
    public static var names: [String] { [bundledName] + BuiltInModels.names }

    /// - Parameter name: a model directory, a JSON configuration, the bundled model's name, or an architecture's.
    /// - Throws: ``CLIPError/unknownModel(name:suggestions:)``, ``CLIPError/missingInput(path:hint:)`` or
    ///   ``CLIPError/configuration(source:key:problem:)``.
    public static func description(of name: String) throws -> ModelDescription {
        try Lookup().description(of: name)
    }

    /// How a name is looked up.
    struct Lookup {
        /// The caches that are looked into; not asked for before it is needed.
        var hub: () throws -> Hub = { Hub(try HubConfiguration()) }
        var download = DownloadPolicy.never
        /// Whether weights are wanted beside the description.
        var needsWeights = true
        var progress: (HubProgress) -> Void = { _ in }

        func description(of name: String) throws -> ModelDescription {
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: name, isDirectory: &isDirectory),
                !(isDirectory.boolValue && isOwn(name) && !isModel(directory: name))
            {
                return try isDirectory.boolValue ? directory(name, called: name) : file(name)
            }
            if name.hasSuffix(".json") {
                throw CLIPError.missingInput(path: name, hint: "A JSON file with open_clip's model_cfg is needed.")
            }
            if name == bundledName { return try directory(bundledPath(), called: name) }
            guard let configuration = BuiltInModels.configuration(named: name) else { return try ofHub(name) }
            var description = ModelDescription(
                name: name, configuration: configuration, preprocess: PreprocessConfiguration(for: configuration),
                weightsPath: try openAIWeights(name))
            description.isAmbiguous = BuiltInModels.isAmbiguous(name)
            return description
        }

        /// The bundled model's name, or a built-in architecture's.
        private func isOwn(_ name: String) -> Bool {
            name == bundledName || BuiltInModels.configuration(named: name) != nil
        }

        /// Whether a folder says that it is a model. One of photos may well be called as a model is.
        private func isModel(directory: String) -> Bool {
            ["open_clip_config.json", "config.json", "modules.json"].contains {
                FileManager.default.fileExists(atPath: "\(directory)/\($0)")
            }
        }

        /// A model of a hub's: what this or another program put into the cache, or what may be fetched.
        private func ofHub(_ name: String) throws -> ModelDescription {
            guard let source = try? HubNames.source(of: name), isKnown(source) || HubNames.isRepository(name) else {
                try UnreadArchitectures.check(architecture: name)
                throw CLIPError.unknownModel(name: name, suggestions: suggestions(for: name))
            }
            let hub = try hub()
            if let path = hub.cached(source) { return try directory(path, called: name) }
            try UnreadArchitectures.check(source, called: name)
            guard download == .allowed else { throw CLIPError.notDownloaded(name: name) }
            return try directory(fetch(source, called: name, from: hub, progress: progress), called: name)
        }

        /// A mistyped path looks like a repository's name, so only those of the tables are taken for one.
        private func isKnown(_ source: ModelSource) -> Bool {
            switch source {
            case .openAI: true
            case .repository(let repository):
                HubNames.repositories.contains(repository.id)
                    || HubNames.checkpoints.contains { $0.repository == repository.id }
            }
        }

        /// The weights of one of OpenAI's names, where OpenAI's program keeps them; nil if they are not there and not
        /// wanted enough.
        private func openAIWeights(_ name: String) throws -> String? {
            guard let model = OpenAIModel.named(name) else { return nil }
            if let hub = try? hub() {
                let path = hub.configuration.openAIDirectory + "/" + model.fileName
                if FileManager.default.fileExists(atPath: path) { return path }
            }
            guard needsWeights, download == .allowed else { return nil }
            return try hub().model(model, progress: progress)
        }
    }

    /// Fetches a published model into the hub's cache, its small files first: one that is not read is refused before its
    /// weights come.
    /// - Returns: the folder of its files, or the path of an OpenAI archive.
    /// - Throws: ``CLIPError/unreadArchitecture(name:reason:)`` before anything is asked for,
    ///   ``CLIPError/configuration(source:key:problem:)`` before weights are, `ModelHubError`.
    package static func fetch(
        _ source: ModelSource, called name: String, from hub: Hub, progress: (HubProgress) -> Void
    ) throws -> String {
        try UnreadArchitectures.check(source, called: name)
        return try hub.fetch(
            source, checking: { _ = try directory($0, called: name).reading() }, progress: progress)
    }

    /// Names that a mistyped one may mean, the nearest first.
    static func suggestions(for name: String) -> [String] {
        let published = HubNames.published.filter { UnreadArchitectures.reason($0) == nil }
        return NearNames.nearest(to: name, among: names + BuiltInModels.openAINames + published)
    }

    /// What a bare weights file is, where that is certain.
    /// - Throws: ``CLIPError/architectureNeeded(path:reason:choices:)`` where it is not.
    public static func description(ofWeights path: String) throws -> ModelDescription {
        let checkpoint = try Checkpoint(path: path)
        return try description(of: checkpoint, layout: ParameterLayout.detected(in: checkpoint))
    }

    static func description(of checkpoint: Checkpoint, layout: ParameterLayout) throws -> ModelDescription {
        let finding = try ArchitectureInference(checkpoint: checkpoint, layout: layout).finding()
        return ModelDescription(
            name: finding.name, configuration: finding.configuration,
            preprocess: PreprocessConfiguration(for: finding.configuration), weightsPath: checkpoint.path)
    }

    private static func directory(_ path: String, called name: String) throws -> ModelDescription {
        let directory = ModelDirectory(path)
        let (model, preprocess) = try directory.configuration()
        var description = ModelDescription(
            name: name, configuration: model, preprocess: preprocess, weightsPath: directory.existingWeightsPath,
            tokenizerDirectory: directory.tokenizerDirectory)
        if description.weightsPath == nil, let foreign = directory.foreignFiles, foreign.areUnreadWeights {
            description.foreignDirectory = .foreignDirectory(
                path: directory.path, missing: "\(ModelDirectory.weightsName) or model.safetensors", holds: foreign)
        }
        return description
    }

    private static func file(_ path: String) throws -> ModelDescription {
        guard path.hasSuffix(".json") else {
            throw CLIPError.notAModel(path: path)
        }
        let (model, preprocess) = try ModelDirectory.readConfiguration(path)
        var description = ModelDescription(name: path, configuration: model, preprocess: preprocess, weightsPath: nil)
        // This package brings no vocabulary along for such a tower: it is to lie beside the configuration.
        if description.tokenizerFamily == .bert {
            description.tokenizerDirectory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        }
        return description
    }

    private static func bundledPath() throws -> String {
        let folders = ResourceFolder(target: "CLIP").candidates()
        for folder in folders {
            let path = folder.appendingPathComponent("Models/\(bundledName)").path
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw CLIPError.missingInput(
            path: "the bundled model \"\(bundledName)\"",
            hint: "Keep the folder swift-clip_CLIP.resources beside the executable, or name another model.")
    }
}
