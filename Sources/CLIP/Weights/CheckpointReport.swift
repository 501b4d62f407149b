import Checksums
import Foundation
import Torch
import TorchNN

/// What a weights file is, as far as it says, without loading it into a model.
public struct CheckpointReport: Codable, Sendable {
    /// One file of the checkpoint: the only one, or a shard.
    public struct File: Codable, Sendable {
        /// As it was given, or as an index names it.
        public var path: String
        /// The file's length.
        public var bytes: Int
        /// Of the file's bytes, in lower-case hexadecimal digits, as hubs state it.
        public var sha256: String
    }

    /// A tower's learnable values.
    public struct Parameters: Codable, Sendable {
        /// The image tower's; 0 for a text tower alone.
        public var image: Int
        /// The text tower's; 0 for an image tower alone.
        public var text: Int
        /// The caption decoder's; nil for a model without one.
        public var captionDecoder: Int?
        /// With temperature and bias.
        public var total: Int
    }

    /// What stands in the way of loading it.
    public struct Mismatch: Codable, Sendable {
        /// Tensors that the model needs and the file has not, by the file's own names.
        public var missing: [String]
        /// Tensors that the model has no place for.
        public var unexpected: [String]
        /// Tensors of another shape than the model's, with both shapes.
        public var misshaped: [String]
    }

    /// In the order of an index; one for a checkpoint without shards.
    public var files: [File]
    /// ``Checkpoint/Format``'s raw value.
    public var format: String
    /// Whose names the tensors have; nil for unknown ones.
    public var layout: String?
    /// What was in front of every name, such as "state_dict.module.".
    public var prefix: String
    /// The name of the model it is, or was asked to be.
    public var model: String?
    /// Whose tokenizer its texts go through, as `TokenizerFamily` spells it; nil where nothing says.
    public var family: String?
    /// How many entries there are, over all files.
    public var tensors: Int
    /// Values by element type.
    public var precision: [String: Int]
    /// Learnable values by part; nil for an unknown architecture.
    public var parameters: Parameters?
    /// Pixels of a side; nil where nothing says.
    public var imageSize: Int?
    /// The most tokens of a text, with start and end; nil where nothing says.
    public var contextLength: Int?
    /// Rows of the token embedding; nil where nothing says.
    public var vocabularySize: Int?
    /// Length of the vectors both towers end in; nil where nothing says.
    public var embeddingSize: Int?
    /// What a text's embedding is where it is not a projection's: for a text tower that is published alone, Hugging
    /// Face's `pooler_output`. Nil where there is a projection.
    public var textEmbedding: String?
    /// What weights do not show, by name.
    public var architecture: [String: String]?
    /// The first tensor that holds infinite values or no numbers.
    public var nonFinite: String?
    /// What does not fit the architecture; nil where all does, or none is known.
    public var mismatch: Mismatch?
    /// Why the file cannot be used as it is; nil where it can.
    public var problem: String?
    /// The same as an error; not a part of the document.
    package private(set) var failure: CLIPError?

    private enum CodingKeys: CodingKey {
        case files, format, layout, prefix, model, family, tensors, precision, parameters, imageSize, contextLength
        case vocabularySize, embeddingSize, architecture, nonFinite, mismatch, problem
    }
}

extension CheckpointReport {
    /// Looks at a weights file.
    /// - Parameters:
    ///   - path: safetensors, a PyTorch archive, or an index of shards.
    ///   - description: the model it should be; nil to find out.
    ///   - progress: told how many bytes were hashed so far.
    /// - Throws: what reading the file throws. A file that is well formed and no known model is reported.
    public init(
        weights path: String, as description: ModelDescription? = nil, progress: (Int) -> Void = { _ in }
    ) throws {
        let checkpoint = try Checkpoint(path: path)
        var precision: [String: Int] = [:]
        for tensor in checkpoint.tensors.values { precision["\(tensor.dtype)", default: 0] += tensor.count }
        var hashed = 0
        files = try checkpoint.files.map { file in
            let sum = try SHA256.hexadecimal(ofFile: file) { progress(hashed + $0) }
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: URL(fileURLWithPath: file).resolvingSymlinksInPath().path)
            let bytes = (attributes?[.size] as? NSNumber)?.intValue ?? 0
            hashed += bytes
            return File(path: file, bytes: bytes, sha256: sum)
        }
        format = checkpoint.format.rawValue
        prefix = checkpoint.prefix
        tensors = checkpoint.tensors.count
        self.precision = precision
        do {
            let layout = try ParameterLayout.detected(in: checkpoint)
            self.layout = layout.name
            nonFinite = try checkpoint.tensors.sorted { $0.key < $1.key }
                .first { name, tensor in
                    try tensor.dtype.isFloatingPoint && !layout.isIgnored(name) && !tensor.isAllFinite()
                }?.key
            let found = try description ?? ModelCatalog.description(of: checkpoint, layout: layout)
            try describe(found, checkpoint, layout)
        } catch let error as CLIPError {
            failure = error
            problem = error.description
        }
    }

    private mutating func describe(
        _ description: ModelDescription, _ checkpoint: Checkpoint, _ layout: ParameterLayout
    ) throws {
        let configuration = description.configuration
        model = description.name
        family = description.tokenizerFamily?.rawValue
        parameters = Parameters(
            image: configuration.visionParameterCount, text: configuration.textParameterCount,
            captionDecoder: configuration.captionDecoderParameterCount, total: configuration.parameterCount)
        imageSize = configuration.imageSize
        contextLength = configuration.contextLength
        vocabularySize = configuration.vocabularySize
        embeddingSize = configuration.embeddingSize
        textEmbedding = configuration.text?.unprojectedState
        architecture = configuration.traits
        do {
            let source = try description.weightsSource(checkpoint, layout: layout)
            architecture = source.configuration.traits
            let module = try Initializer.skipping { try DualEncoder(source.configuration) }
            try Weights.load(source, into: module, called: description.name)
        } catch CLIPError.weightsMismatch(_, _, let found) {
            mismatch = Mismatch(
                missing: found.missing, unexpected: found.unexpected,
                misshaped: found.misshaped.map { "\($0.name) is \($0.found) where \($0.expected) is needed" })
            problem = "\(checkpoint.path): these weights do not belong to \(description.name)."
        }
    }
}
