import CLIPText
import Files
import Foundation
import Torch
import TorchNN

/// A model whose towers begin with networks that were published for something else: an image tower with one that was trained
/// to classify, a text tower with one that was trained on sentences. What neither has, such as projections, is drawn.
///
///     var assembly = ModelAssembly(configuration: "model.json")
///     assembly.imageWeights = "efficientnet-lite0.pth"
///     try assembly.write(to: "start")
public struct ModelAssembly: Sendable {
    /// The file of the model's shape and preprocessing, as ``ModelDirectory/readConfiguration(_:)`` reads it.
    public var configuration: String
    /// A file with the image tower's network; nil for one that is drawn.
    public var imageWeights: String?
    /// A file with the text tower's network, or the directory that holds it; nil for one that is drawn.
    public var textWeights: String?
    /// Which of that network's blocks the text tower takes, from the first on; nil for as many as it has, evenly.
    public var textLayers: [Int]?
    /// The model's own tokens, a line each, for a text tower that reads BERT's (`vocab.txt`).
    public var vocabulary: String?
    /// The tokens of ``textWeights``; nil for the `vocab.txt` beside them.
    public var textVocabulary: String?
    /// What the classes are called that ``imageWeights`` tell apart, in their order, for ``Outcome/anchors``; nil for a
    /// network whose classes are of no use.
    public var classes: [String]?
    /// Where everything that is drawn begins.
    public var seed: UInt64 = 0

    /// - Parameter configuration: see ``configuration``.
    public init(configuration: String) { self.configuration = configuration }

    /// What a model was made of.
    public struct Outcome: Sendable, Equatable {
        /// The blocks that were taken, counted in the network they come from; nil without a text network.
        public var textLayers: [Int]?
        /// Tokens whose vectors were taken; nil without a text network.
        public var takenTokens: Int?
        /// Tokens whose vectors were drawn about the mean; nil without a text network.
        public var newTokens: Int?
        /// Entries of the files that the model has no place for, such as a classifier, by their names there.
        public var leftOut: [String] = []
        /// Parameters that were drawn, by the model's own names.
        public var drawn: [String] = []
        /// What the image network knows of its classes; nil where they are not named.
        public var anchors: ClassAnchors?

        public static func == (left: Outcome, right: Outcome) -> Bool {
            left.textLayers == right.textLayers && left.takenTokens == right.takenTokens
                && left.newTokens == right.newTokens && left.leftOut == right.leftOut && left.drawn == right.drawn
                && left.anchors?.names == right.anchors?.names
        }
    }

    /// Makes the model and writes it in open_clip's layout, its tokenizer with it. The directory appears under its name only
    /// when it is whole.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for a shape or vocabulary that does not fit,
    ///   ``CLIPError/unknownLayout(path:examples:)`` or ``CLIPError/weightsMismatch(path:model:_:)`` for files of other
    ///   networks, ``CLIPError/file(_:hint:)``.
    @discardableResult
    public func write(to path: String, dtype: DType? = nil) throws -> Outcome {
        let (shape, preprocess) = try ModelDirectory.readConfiguration(configuration)
        let (image, text) = (try shape.imageTower(), try shape.textTower())
        guard let preprocess else { throw CLIPError.noImageTower }
        let tokens = try ownTokens(text)
        let textWeights = textWeights.map(Self.file)
        try Engine.seed(seed)
        let model = try DualEncoder(shape)
        var outcome = Outcome()
        var state: [String: Tensor] = [:]
        var classifier: (weight: Tensor, bias: Tensor)?
        if let imageWeights {
            let part = try ModelPart(imageWeights, named: image.bodyNamings)
            state.merge(try part.state(for: model, under: "visual.")) { $1 }
            outcome.leftOut += part.leftOut
            classifier = try part.classifier()
        }
        if let textWeights {
            var part = try ModelPart(textWeights, named: text.bodyNamings)
            outcome.textLayers = try part.choose(
                layers: textLayers, of: text.blocks.layers, source: configuration)
            try part.cutPositions(like: model)
            if let tokens {
                let others = try VocabularyLines(path: textVocabulary ?? Self.beside(textWeights, "vocab.txt"))
                outcome.takenTokens = try part.exchange(others, for: tokens)
                outcome.newTokens = tokens.lines.count - (outcome.takenTokens ?? 0)
            }
            state.merge(try part.state(for: model, under: "text.")) { $1 }
            if let square = try Self.identityProjection(of: model) { state.merge(square) { $1 } }
            outcome.leftOut += part.leftOut
        }
        let drawn = try model.state()
        outcome.drawn = model.namedParameters.map(\.name)
            .filter { state[$0] == nil && !["logit_scale", "logit_bias"].contains($0) }.sorted()
        try model.load(drawn.merging(state) { $1 })
        let files = try tokenizerFiles(tokens, like: textWeights, contextLength: text.contextLength)
        if let classes {
            outcome.anchors = try anchor(model, to: classes, classifier, tokenizerFiles: files)
            outcome.drawn.removeAll { $0.hasPrefix("visual.head.") }
        }
        try ModelDirectory(path).write(
            model, preprocess: preprocess, dtype: dtype,
            tokenizerFiles: files)
        return outcome
    }

    /// A text projection that changes nothing, where embeddings are as long as the text network's states: the model then begins
    /// with that network's vectors.
    private static func identityProjection(of model: DualEncoder) throws -> [String: Tensor]? {
        let name = "text.projection"
        guard let shape = model.stateShapes[name], shape.count == 2, shape[0] == shape[1] else { return nil }
        return [name: try Tensor.identity(shape[0])]
    }

    /// Has the image tower's projection begin with the one that brings the classifier's classes to their names.
    private func anchor(
        _ model: DualEncoder, to names: [String], _ classifier: (weight: Tensor, bias: Tensor)?,
        tokenizerFiles: [String: Data]
    ) throws -> ClassAnchors {
        func refuse(_ problem: String) -> CLIPError {
            .configuration(source: imageWeights ?? configuration, key: "classes", problem: problem)
        }
        guard let tower = try model.visual as? any ClassifierTower else {
            throw refuse("an image tower of this family knows nothing of classes")
        }
        guard let classifier else { throw refuse("no layer there scores classes") }
        guard names.count == classifier.weight.shape[0] else {
            throw refuse("\(names.count) names are given for its \(classifier.weight.shape[0]) classes")
        }
        let moments = try tower.stateMoments()
        guard classifier.weight.shape[1] == moments.mean.count else {
            throw refuse(
                "its last layer reads \(classifier.weight.shape[1]) channels, the tower gives \(moments.mean.count)")
        }
        let anchors = try ClassAnchors(
            names: names, weight: classifier.weight, bias: classifier.bias, mean: moments.mean,
            deviation: moments.deviation, range: tower.stateRange)
        if let projection = tower.stateProjection {
            let tokenizer = try Self.tokenizer(of: tokenizerFiles, for: model.configuration.textTower())
            let texts = try Engine.inference {
                try Tensor.concatenated(
                    names.batches(of: 256).map { batch in
                        try model.encode(captions: batch.map { tokenizer.tokenize($0).tokens }).normalized()
                    })
            }
            try projection.replace(with: anchors.projection(to: texts).contiguous())
        }
        return anchors
    }

    /// The tokenizer that files will be, once they lie beside the weights.
    private static func tokenizer(
        of files: [String: Data], for tower: any TextTowerConfiguration
    ) throws -> any TextTokenizer {
        guard !files.isEmpty else { return try TokenizerChoice(tower, directory: nil).tokenizer() }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clip-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try CLIPError.wrapping {
            try Folder.make(folder)
            for (name, data) in files { try WholeFile.write(data, to: folder + "/" + name) }
        }
        return try TokenizerChoice(tower, directory: folder).tokenizer()
    }

    /// The weights in a directory; another path as it is.
    private static func file(_ path: String) -> String {
        ModelDirectory(path).existingWeightsPath ?? path
    }

    private static func beside(_ path: String, _ name: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// The vocabulary that is named, checked against the tower; nil for a tower whose tokenizer this package brings along.
    private func ownTokens(_ text: any TextTowerConfiguration) throws -> VocabularyLines? {
        let family = text.tokenizerFamily(TokenizerFolder(directory: nil))
        guard let vocabulary else {
            guard family != .bert else {
                throw CLIPError.missingInput(
                    path: "a BERT text tower's vocabulary", hint: "A file with a token on each line is needed.")
            }
            return nil
        }
        guard let tower = text as? BERTConfiguration else {
            throw CLIPError.configuration(
                source: configuration, key: "text_cfg",
                problem: "its tower does not read BERT's tokens, which \(vocabulary) holds")
        }
        let tokens = try VocabularyLines(path: vocabulary)
        guard tokens.lines.count == tower.vocabularySize else {
            throw CLIPError.configuration(
                source: configuration, key: "text_cfg.hf_model_config.vocab_size",
                problem: "\(tower.vocabularySize) is not the \(tokens.lines.count) tokens of \(vocabulary)")
        }
        for (name, place) in try tokens.special() where name == "[PAD]" && place != Int(tower.padToken) {
            throw CLIPError.configuration(
                source: configuration, key: "text_cfg.hf_model_config.pad_token_id",
                problem: "\(tower.padToken) is not the place of [PAD] in \(vocabulary), which is \(place)")
        }
        return tokens
    }

    /// `vocab.txt`, and how texts are cut into words: as the network's own tokenizer does, or in lower case.
    private func tokenizerFiles(
        _ tokens: VocabularyLines?, like textWeights: String?, contextLength: Int
    ) throws -> [String: Data] {
        guard let tokens else { return [:] }
        var settings: [String: Any] = [
            "tokenizer_class": "BertTokenizer", "do_lower_case": true, "tokenize_chinese_chars": true,
            "model_max_length": contextLength, "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]",
            "unk_token": "[UNK]", "mask_token": "[MASK]",
        ]
        if let textWeights {
            let file = Self.beside(textWeights, "tokenizer_config.json")
            if FileManager.default.fileExists(atPath: file) {
                let own = try ModelDirectory.object(file)
                for key in ["do_lower_case", "tokenize_chinese_chars"] {
                    settings[key] = try own.flag(key, default: true)
                }
                if own.has("strip_accents") {
                    settings["strip_accents"] = try own.flag("strip_accents", default: true)
                }
            }
        }
        let json = try JSONSerialization.data(withJSONObject: settings, options: [.prettyPrinted, .sortedKeys])
        return ["vocab.txt": tokens.data, "tokenizer_config.json": json]
    }
}
