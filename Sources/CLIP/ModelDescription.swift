import CLIPText
import Files
import Foundation
import Imaging
import Torch
import TorchNN

/// What a name, a directory or a configuration file stands for, before any weights are read.
public struct ModelDescription: Sendable {
    /// The name, directory or file it was found by; messages call it so.
    public let name: String
    /// The towers' shapes, before any weights.
    public internal(set) var configuration: ModelConfiguration
    /// How pictures are prepared; nil for a model that reads none.
    var preparation: PreprocessConfiguration?
    /// Where its weights are; nil for an architecture without any.
    public let weightsPath: String?
    /// What its directory holds in place of weights; nil where that is not known.
    var foreignDirectory: CLIPError?
    /// The directory that holds its tokenizer's files; nil where the family's own comes with this package.
    var tokenizerDirectory: String?
    /// Whether the name means QuickGELU to OpenAI and GELU to open_clip.
    var isAmbiguous = false
    /// Whether position embeddings are resampled to ``configuration``'s sizes on load.
    var resamplesPositions = false

    init(
        name: String, configuration: ModelConfiguration, preprocess: PreprocessConfiguration?, weightsPath: String?,
        tokenizerDirectory: String? = nil
    ) {
        self.name = name
        self.configuration = configuration
        preparation = preprocess
        self.weightsPath = weightsPath
        self.tokenizerDirectory = tokenizerDirectory
    }

    /// How pictures are prepared.
    /// - Throws: ``CLIPError/noImageTower`` for a model that reads none.
    public var preprocess: PreprocessConfiguration {
        get throws {
            guard let preparation else { throw CLIPError.noImageTower }
            return preparation
        }
    }

    /// The same model for pictures of another size or texts of another length; its position embeddings are resampled
    /// when it is loaded. See ``PositionInterpolation``.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for a size the towers cannot take.
    public func resized(imageSize: Int? = nil, contextLength: Int? = nil) throws -> ModelDescription {
        var changed = self
        changed.configuration = try configuration.resized(
            imageSize: imageSize, contextLength: contextLength, source: name)
        if let imageSize { changed.preparation?.size = imageSize }
        changed.resamplesPositions = imageSize != nil || contextLength != nil
        return changed
    }

    /// The same architecture with two-layer projections, or with one matrix. Only for training afresh: weights would not
    /// fit. See ``ModelConfiguration/with(hiddenProjections:source:)``.
    public func with(hiddenProjections: Bool) throws -> ModelDescription {
        var changed = self
        changed.configuration = try configuration.with(hiddenProjections: hiddenProjections, source: name)
        return changed
    }

    /// A model of this shape with random weights.
    /// - Parameters:
    ///   - device: where to compute.
    ///   - answering: see ``loaded(weights:device:precision:answering:)``.
    public func untrained(device: Device = .cpu, answering: Answering? = nil) throws -> CLIPModel {
        try check(device)
        let model = try DualEncoder(configuration)
        try prepare(model, on: device, precision: .float32, answering)
        return try assembled(model, weights: nil)
    }

    private func prepare(_ model: DualEncoder, on device: Device, precision: DType, _ answering: Answering?) throws {
        if let answering {
            try model.prepare(answering: answering, on: device)
        } else {
            try model.prepare(computingIn: precision, on: device)
        }
    }

    /// The model with its weights, or another file's.
    /// - Parameters:
    ///   - weights: a file to read instead of the model's own: safetensors, a PyTorch archive, or an index of shards.
    ///   - device: where to compute.
    ///   - precision: what the towers compute in, where `answering` does not say it.
    ///   - answering: how to answer, for a model that will not be trained. On a processor its matrices are then packed for it when
    ///     they are first needed, and the parameters stay as the file has them, whatever is computed in.
    /// - Throws: ``CLIPError/weightsNeeded(model:)`` where there is no file to read; ``CLIPError`` for weights that are
    ///   another model's, and ``CLIPError/unavailablePrecision(_:reason:)``.
    public func loaded(
        weights: String? = nil, device: Device = .cpu, precision: DType = .float32, answering: Answering? = nil
    ) throws -> CLIPModel {
        try check(device)
        let source = try weightsSource(weights)
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        try Weights.load(source, into: model, called: name)
        try prepare(model, on: device, precision: precision, answering)
        return try assembled(model, weights: source)
    }

    /// Why there are no weights, where ``weightsPath`` is nil: ``CLIPError/foreignDirectory(path:missing:holds:)`` or
    /// ``CLIPError/weightsNeeded(model:)``.
    public var missingWeights: CLIPError { foreignDirectory ?? .weightsNeeded(model: name) }

    /// A file's weights as this model's, checked for whose they are but not yet for shape.
    func weightsSource(_ weights: String? = nil) throws -> WeightsSource {
        guard let path = weights ?? weightsPath else { throw missingWeights }
        let checkpoint = try Checkpoint(path: path)
        return try weightsSource(checkpoint, layout: ParameterLayout.detected(in: checkpoint))
    }

    func weightsSource(_ checkpoint: Checkpoint, layout: ParameterLayout) throws -> WeightsSource {
        WeightsSource(
            checkpoint: checkpoint, layout: layout, configuration: try settled(by: checkpoint),
            resamplesPositions: resamplesPositions)
    }

    /// The configuration with what the weights prove: OpenAI's are known to use QuickGELU.
    private func settled(by checkpoint: Checkpoint) throws -> ModelConfiguration {
        let quick = configuration.with(activation: .quickGELU)
        if let publisher = checkpoint.provenPublisher {
            guard isAmbiguous || configuration == quick else {
                throw CLIPError.activationMismatch(
                    path: checkpoint.path, model: name,
                    problem: "these are \(publisher)'s weights, which were trained with QuickGELU")
            }
            return quick
        }
        guard !isAmbiguous else {
            throw CLIPError.architectureNeeded(
                path: checkpoint.path, reason: "OpenAI's \(name) has QuickGELU and open_clip's has not",
                choices: ["\(name)-quickgelu", "\(name)-gelu"])
        }
        return configuration
    }

    /// Before minutes are spent on reading or drawing weights.
    private func check(_ device: Device) throws {
        guard device.isAvailable else { throw CLIPError.deviceUnavailable(device.description) }
    }

    /// The tokenizer, or why there is none where pictures are read without it.
    /// - Throws: what is wrong with one that is there.
    func reading() throws -> Result<any TextTokenizer, any Error> {
        do {
            return .success(try tokenizer())
        } catch  where (error as? any Failure)?.kind == .missingInput || configuration.text == nil {
            return .failure(error)
        }
    }

    private func assembled(_ model: DualEncoder, weights: WeightsSource?) throws -> CLIPModel {
        CLIPModel(
            name: name, model: model, reading: try reading(), preprocessor: preparation.map(PicturePreprocessor.init),
            weights: weights, tokenizerDirectory: tokenizerDirectory)
    }

    /// Which family's texts the model reads; nil for an image tower alone.
    public var tokenizerFamily: TokenizerFamily? {
        configuration.text.map { TokenizerChoice($0, directory: tokenizerDirectory).family }
    }

    /// The tokenizer the model's text tower takes: the directory's own, or the family's that this package brings along.
    /// - Throws: `CLIPTextError` for files that are missing or damaged,
    ///   ``CLIPError/configuration(source:key:problem:)`` where the vocabulary is not the model's, or
    ///   ``CLIPError/noTextTower``.
    public func tokenizer() throws -> any TextTokenizer {
        let tower = try configuration.textTower()
        let choice = TokenizerChoice(tower, directory: tokenizerDirectory)
        let tokenizer = try choice.tokenizer()
        let (rows, tokens) = (tower.vocabularySize, tokenizer.vocabularySize)
        guard tokens <= rows, rows - tokens <= choice.unusedRows else {
            throw CLIPError.configuration(
                source: name, key: "text_cfg.vocab_size",
                problem: "\(rows) is not the \(tokens) of its tokenizer, which must be another model's")
        }
        return tokenizer
    }
}
