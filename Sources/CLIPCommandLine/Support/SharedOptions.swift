import ArgumentParser
import CLIP
import Foundation
import Torch

/// Options every command takes.
struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model directory (open_clip's, Hugging Face's, or in a hub's cache) or a name: see \"clip models\" "
                + "(default: \(ModelCatalog.bundledName)).", valueName: "name|directory"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Weights in place of the model's own: safetensors, or a PyTorch .pt or .bin. Without --model, the file has "
                + "to say by itself what it is.", valueName: "file"))
    var weights: String?

    @Option(
        help: ArgumentHelp(
            "Pixels of a side to take pictures at, in place of the model's; its position embeddings are resampled.",
            valueName: "pixels"))
    var resolution: Int?

    @Option(
        help: ArgumentHelp(
            "Tokens to take texts at, in place of the model's; its position embeddings are resampled.",
            valueName: "tokens"))
    var contextLength: Int?

    @Option(help: "What the towers compute in: fp32 or bf16.")
    var precision = Given(Precision.fp32)

    @Option(help: "Processor threads for one operation (default: all cores).")
    var threads: Int?

    @Option(help: "Where to compute: cpu, cuda or mps.")
    var device = Given(ComputeDevice.cpu)

    @Option(help: "How matrices of fp32 are multiplied: highest (in fp32), high (TF32 on a GPU) or medium (bf16).")
    var float32MatmulPrecision = Given(Engine.ProductPrecision.highest)

    @Flag(help: "Print one JSON document on standard output.")
    var json = false

    enum ComputeDevice: String, ExpressibleByArgument, CaseIterable {
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

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads takes a number from 1 to 1024.")
        }
        if let resolution, !(1...8192).contains(resolution) {
            throw ValidationError("--resolution takes a number from 1 to 8192.")
        }
        if let contextLength, !(2...65_536).contains(contextLength) {
            throw ValidationError("--context-length takes a number from 2 to 65536.")
        }
    }

    /// Architecture, preprocessing and tokenizer, without weights.
    func describe() throws -> ModelDescription {
        try prepare()
        let description =
            if model == nil, let weights {
                try ModelCatalog.description(ofWeights: weights)
            } else {
                try ModelCatalog.description(of: model ?? ModelCatalog.bundledName)
            }
        if resolution == nil, contextLength == nil { return description }
        return try description.resized(imageSize: resolution, contextLength: contextLength)
    }

    /// The model, ready to answer.
    func load() throws -> PretrainedModel {
        try describe().loaded(weights: weights, device: device.device, precision: precision.dtype)
    }

    func prepare() throws {
        Engine.initialize()
        if let threads { Engine.threadCount = threads }
        try Engine.setProductPrecision(float32MatmulPrecision.value)
    }
}

extension Precision: ExpressibleByArgument {}
extension Engine.ProductPrecision: ExpressibleByArgument {}
