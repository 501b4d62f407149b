import ArgumentParser
import CLIP
import Foundation
import Torch

// Options that several commands take, in groups: a command offers those that it honors, and no others.

/// Options of a command that has a model answer.
struct SharedOptions: ParsableArguments {
    @OptionGroup var named: ModelOptions
    @OptionGroup var compute: AnsweringOptions
    @OptionGroup var output: OutputOptions

    var model: String? { named.model }
    var weights: String? { named.weights }
    var resolution: Int? { named.resolution }
    var contextLength: Int? { named.contextLength }
    var threads: Int? { compute.place.threads }
    var device: PlaceOptions.Place { compute.place.device.value }
    var json: Bool { output.json }

    /// Whether nothing is said of the model, nor of how to compute.
    var isPlain: Bool {
        model == nil && weights == nil && resolution == nil && contextLength == nil && compute.isPlain
    }

    /// Architecture, preprocessing and tokenizer, without weights.
    func describe() throws -> ModelDescription {
        try prepare()
        return try named.describe()
    }

    /// The model, ready to answer.
    func load() throws -> CLIPModel {
        try describe().loaded(weights: weights, device: device.device, answering: compute.answering)
    }

    func prepare() throws { try compute.place.prepare() }
}

/// Options of a command that trains a model.
struct LearningOptions: ParsableArguments {
    @OptionGroup var named: ModelOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var output: OutputOptions

    var model: String? { named.model }
    var weights: String? { named.weights }
    var resolution: Int? { named.resolution }
    var contextLength: Int? { named.contextLength }
    var threads: Int? { compute.place.threads }
    var device: PlaceOptions.Place { compute.place.device.value }
    var json: Bool { output.json }

    /// Architecture, preprocessing and tokenizer, without weights.
    func describe() throws -> ModelDescription {
        try prepare()
        return try named.describe()
    }

    func prepare() throws { try compute.prepare() }
}

// MARK: Which model

/// A model by its name.
struct ModelName: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model directory (open_clip's, Hugging Face's, or in a hub's cache) or a name: see \"clip models\" "
                + "(default: \(ModelCatalog.bundledName)).", valueName: "name|directory"))
    var model: String?

    /// - Parameters:
    ///   - weights: without a name, what they are of.
    ///   - resolution: another size of pictures.
    ///   - contextLength: another length of texts.
    func describe(
        weights: String? = nil, resolution: Int? = nil, contextLength: Int? = nil
    ) throws -> ModelDescription {
        let description =
            if model == nil, let weights {
                try ModelCatalog.description(ofWeights: weights)
            } else {
                try ModelCatalog.description(of: model ?? ModelCatalog.bundledName)
            }
        if resolution == nil, contextLength == nil { return description }
        return try description.resized(imageSize: resolution, contextLength: contextLength)
    }
}

/// A model by its name, or by its weights.
struct NamedModel: ParsableArguments {
    @OptionGroup var name: ModelName

    @Option(
        help: ArgumentHelp(
            "Weights in place of the model's own: safetensors, or a PyTorch .pt or .bin. Without --model, the file has "
                + "to say by itself what it is.", valueName: "file"))
    var weights: String?

    var model: String? { name.model }
}

/// The size of pictures.
struct PictureSize: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Pixels of a side to take pictures at, in place of the model's; its position embeddings are resampled.",
            valueName: "pixels"))
    var resolution: Int?

    func validate() throws {
        if let resolution, !(1...8192).contains(resolution) {
            throw ValidationError("--resolution takes a number from 1 to 8192.")
        }
    }
}

/// The length of texts.
struct TextLength: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tokens to take texts at, in place of the model's; its position embeddings are resampled.",
            valueName: "tokens"))
    var contextLength: Int?

    func validate() throws {
        if let contextLength, !(2...65_536).contains(contextLength) {
            throw ValidationError("--context-length takes a number from 2 to 65536.")
        }
    }
}

/// All that is to be said of a model.
struct ModelOptions: ParsableArguments {
    @OptionGroup var named: NamedModel
    @OptionGroup var size: PictureSize
    @OptionGroup var length: TextLength

    var model: String? { named.model }
    var weights: String? { named.weights }
    var resolution: Int? { size.resolution }
    var contextLength: Int? { length.contextLength }

    /// Architecture, preprocessing and tokenizer, without weights.
    func describe() throws -> ModelDescription {
        try named.name.describe(weights: weights, resolution: resolution, contextLength: contextLength)
    }
}

/// What is to be said of a model that starts from random weights.
struct ArchitectureOptions: ParsableArguments {
    @OptionGroup var name: ModelName
    @OptionGroup var size: PictureSize
    @OptionGroup var length: TextLength

    func describe() throws -> ModelDescription {
        try name.describe(resolution: size.resolution, contextLength: length.contextLength)
    }
}

// MARK: How to compute

/// How much of the processor one operation takes.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Processor threads for one operation (default: all cores).")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads takes a number from 1 to 1024.")
        }
    }

    func prepare() {
        Engine.initialize()
        if let threads { Engine.threadCount = threads }
    }
}

/// How a model that is trained computes.
struct ComputeOptions: ParsableArguments {
    @Option(help: "What the towers compute in: fp32 or bf16.")
    var precision = Given(Precision.fp32)

    @OptionGroup var place: PlaceOptions

    var device: PlaceOptions.Place { place.device.value }

    func prepare() throws { try place.prepare() }
}

/// How a model that answers computes.
struct AnsweringOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the towers compute in: fp32, bf16, int8 (products of bytes, on the CPU) or auto, the fastest whose vectors keep "
                + "a cosine of 0.9995 with fp32's.", valueName: "precision"))
    var precision = Given(InferencePrecision.auto)

    @Flag(
        help: ArgumentHelp(
            "Compute each picture and text by itself on one core: the same bits whatever batch, order or number of threads."
        ))
    var deterministic = false

    @OptionGroup var place: PlaceOptions

    var answering: Answering { Answering(precision.value, isDeterministic: deterministic) }

    /// Whether nothing is said.
    var isPlain: Bool { !precision.isGiven && !deterministic && place.isPlain }
}

/// Where to compute, and how matrices of 32 bits are multiplied.
struct PlaceOptions: ParsableArguments {
    @OptionGroup var processor: ThreadOptions

    @Option(help: "Where to compute: cpu, cuda or mps.")
    var device = Given(Place.cpu)

    @Option(help: "How matrices of fp32 are multiplied: highest (in fp32), high (TF32 on a GPU) or medium (bf16).")
    var float32MatmulPrecision = Given(Engine.ProductPrecision.highest)

    var threads: Int? { processor.threads }

    enum Place: String, ExpressibleByArgument, CaseIterable {
        case cpu
        case cuda
        case mps

        var device: Device {
            switch self {
            case .cpu: .cpu
            case .cuda: .cuda
            case .mps: .mps
            }
        }
    }

    /// Whether nothing is said.
    var isPlain: Bool { threads == nil && !device.isGiven && !float32MatmulPrecision.isGiven }

    func prepare() throws {
        processor.prepare()
        try Engine.setProductPrecision(float32MatmulPrecision.value)
    }
}

// MARK: How to answer

/// For whom answers are written.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document on standard output.")
    var json = false
}

extension Precision: ExpressibleByArgument {}
extension InferencePrecision: ExpressibleByArgument {}
extension Engine.ProductPrecision: ExpressibleByArgument {}
