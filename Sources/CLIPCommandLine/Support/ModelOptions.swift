import ArgumentParser
import CLIP

// Which model a command uses.

extension ArgumentHelp {
    fileprivate static var model: Self {
        Self(
            "A model directory (open_clip's, Hugging Face's, or in a hub's cache) or a name: see \"clip models\" "
                + "(default: \(ModelCatalog.bundledName)).", valueName: "name|directory")
    }

    fileprivate static var weights: Self {
        Self(
            "Weights in place of the model's own: safetensors, or a PyTorch .pt or .bin. Without --model, the file has "
                + "to say by itself what it is.", valueName: "file")
    }

    fileprivate static var resolution: Self {
        Self(
            "Pixels of a side to take pictures at, in place of the model's; its position embeddings are resampled.",
            valueName: "pixels")
    }

    fileprivate static var contextLength: Self {
        Self(
            "Tokens to take texts at, in place of the model's; its position embeddings are resampled.",
            valueName: "tokens")
    }
}

extension ModelDescription {
    /// What options name: architecture, preprocessing and tokenizer, without weights.
    /// - Parameters:
    ///   - weights: without a name, what they are of.
    ///   - resolution: another size of pictures.
    ///   - contextLength: another length of texts.
    static func named(
        _ name: String?, weights: String? = nil, resolution: Int? = nil, contextLength: Int? = nil
    ) throws -> ModelDescription {
        let description =
            if name == nil, let weights {
                try ModelCatalog.description(ofWeights: weights)
            } else {
                try ModelCatalog.description(of: name ?? ModelCatalog.bundledName)
            }
        if resolution == nil, contextLength == nil { return description }
        return try description.resized(imageSize: resolution, contextLength: contextLength)
    }
}

/// A model by its name, or by its weights.
struct NamedModel: ParsableArguments {
    @Option(help: .model) var model: String?
    @Option(help: .weights) var weights: String?

    func describe(resolution: Int? = nil, contextLength: Int? = nil) throws -> ModelDescription {
        try .named(model, weights: weights, resolution: resolution, contextLength: contextLength)
    }
}

/// The size of pictures.
struct PictureSize: ParsableArguments {
    @Option(help: .resolution) var resolution: Int?

    func validate() throws { try OptionRange.check("--resolution", resolution, in: OptionRange.resolution) }
}

/// The length of texts.
struct TextLength: ParsableArguments {
    @Option(help: .contextLength) var contextLength: Int?

    func validate() throws { try OptionRange.check("--context-length", contextLength, in: OptionRange.contextLength) }
}

/// A model's sizes, in place of its own.
protocol ResizingOptions: ParsableArguments {
    var resolution: Int? { get }
    var contextLength: Int? { get }
}

extension ResizingOptions {
    func validate() throws {
        try OptionRange.check("--resolution", resolution, in: OptionRange.resolution)
        try OptionRange.check("--context-length", contextLength, in: OptionRange.contextLength)
    }
}

/// All that is to be said of a model.
struct ModelOptions: ResizingOptions {
    @Option(help: .model) var model: String?
    @Option(help: .weights) var weights: String?
    @Option(help: .resolution) var resolution: Int?
    @Option(help: .contextLength) var contextLength: Int?

    func describe() throws -> ModelDescription {
        try .named(model, weights: weights, resolution: resolution, contextLength: contextLength)
    }
}

/// What is to be said of a model that starts from random weights.
struct ArchitectureOptions: ResizingOptions {
    @Option(help: .model) var model: String?
    @Option(help: .resolution) var resolution: Int?
    @Option(help: .contextLength) var contextLength: Int?

    func describe() throws -> ModelDescription {
        try .named(model, resolution: resolution, contextLength: contextLength)
    }
}
