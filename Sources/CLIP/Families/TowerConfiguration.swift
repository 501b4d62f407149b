import CLIPText
import Torch
import TorchNN

/// The shape of a tower, and everything the rest of the package asks of its family. A family answers this in one folder
/// and is added by one line of ``TowerFamilies``; nothing outside this folder knows one family from another.
package protocol TowerConfiguration: Sendable, Equatable {
    /// The family in messages and reports, such as "ResNet".
    static var familyName: String { get }

    // MARK: What the shape comes to

    /// Whether the sizes fit one another.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``, made by `checks`.
    func validate(_ checks: ShapeChecks) throws

    /// The number of learnable values, in floating point: exact to 2^53, and absurd shapes do not overflow.
    func parameterCount(embeddingSize: Int) -> Double

    /// The multiply-adds of one picture or caption.
    func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork

    /// The numbers kept of one picture or caption until the backward pass: an estimate.
    func memory(_ options: TowerWork.Options) -> TowerMemory

    /// What changes the tower's numbers and does not show in its weights, by name: "tower", "heads", "epsilon" and the
    /// like. Part of an embedding space's fingerprint: a name or a value once given stays.
    var traits: [String: String] { get }

    // MARK: What may be changed

    /// The non-linearity, where a model's name or open_clip's `quick_gelu` chooses it; nil where the family has its own.
    var switchableActivation: Activation? { get }

    /// The same shape with another non-linearity; unchanged where the family has its own.
    func with(activation: Activation) -> Self

    /// The same shape with a projection in two layers in place of a matrix, or the other way round; nil for a tower that
    /// ends in something else.
    func with(hiddenProjection: Bool) -> Self?

    // MARK: Names in checkpoints

    /// Every way that files name such towers' parameters. A file is recognized by ``TowerNaming/signature``.
    static var namings: [TowerNaming] { get }

    /// The tower's shape as tensors' names and sizes tell it, where they and what is known of their publisher are enough;
    /// nil where it would be a guess.
    static func inferred(from shapes: CheckpointShapes) -> Self?

    /// Whether OpenAI's code, which finds a model's shape in its weights, would find this one.
    var isOpenAIs: Bool { get }
}

/// The shape of an image tower; see ``TowerConfiguration``.
package protocol ImageTowerConfiguration: TowerConfiguration {
    /// Pixels of a side.
    var imageSize: Int { get set }

    /// Whether states are added up through many convolutions in the type that is computed in: then bfloat16's rounding turns
    /// vectors by more than a cosine of 0.9995 (0.9987 for the bundled model's worst picture).
    var isConvolutional: Bool { get }

    /// How pictures are prepared for such a tower where nothing is said.
    var preprocessing: PreprocessConfiguration { get }

    /// Tables of positions that are resampled for pictures of another size.
    var positionGrids: [PositionGrid] { get }

    /// Beginnings of timm's names for towers of this family, for messages.
    static var timmBeginnings: [String] { get }

    /// Reads open_clip's `vision_cfg`; nil for another family's.
    static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self?

    /// What ``read(openCLIP:in:)`` reads back.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape open_clip has no words for.
    func openCLIPObject() throws -> [String: Any]

    /// The names open_clip's code gives a tower of this shape.
    var openCLIPNaming: TowerNaming { get }

    /// Names in files that hold such a tower without its projection, for a model that is to begin with it.
    var bodyNamings: [TowerNaming] { get }

    /// Whether open_clip takes such towers from timm. Only models of its own have a QuickGELU twin.
    var isTimms: Bool { get }

    /// Whether models with such a tower are published with the text tower's names apart, under `text.`.
    var keepsTextApart: Bool { get }

    /// A tower of this shape, initialized as its authors' code does.
    func makeTower(embeddingSize: Int) throws -> any ImageTower
}

/// The shape of a text tower; see ``TowerConfiguration``.
package protocol TextTowerConfiguration: TowerConfiguration {
    /// The most tokens a text may have, with start and end.
    var contextLength: Int { get }
    /// Rows of the token embedding.
    var vocabularySize: Int { get }
    /// The size of its blocks, for a decoder that is to be like it.
    var blocks: TransformerShape { get }

    /// Which tokenizer such towers read the tokens of.
    /// - Parameter files: those beside the weights.
    func tokenizerFamily(_ files: TokenizerFolder) -> TokenizerFamily

    /// What a text's embedding is where no layer makes it one: for people, in reports. Nil where there is a projection.
    var unprojectedState: String? { get }

    /// How models with such a text tower were published to bring pictures to size; nil where the image tower tells.
    var pictureResizing: PreprocessConfiguration.ResizeMode? { get }

    /// The same shape for texts of another length.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``, made by `checks`, where positions cannot be resampled.
    func resized(contextLength: Int, _ checks: ShapeChecks) throws -> Self

    /// Tables of positions that are resampled for texts of another length.
    var positionRows: [PositionRow] { get }

    /// Reads open_clip's `text_cfg`; nil for another family's.
    static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self?

    /// What ``read(openCLIP:in:)`` reads back.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape open_clip has no words for.
    func openCLIPObject() throws -> [String: Any]

    /// The names open_clip's code gives a tower of this shape.
    /// - Parameter isApart: whether they stand under `text.`, or at the root.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a tower that open_clip names in no way known here.
    func openCLIPNaming(isApart: Bool) throws -> TowerNaming

    /// Names in files that hold such a tower without its projection, for a model that is to begin with it.
    var bodyNamings: [TowerNaming] { get }

    /// What a model is called whose text tower of this family was inferred from its weights.
    static var inferredModelName: String { get }

    /// A tower of this shape, initialized as its authors' code does.
    func makeTower(embeddingSize: Int) throws -> any TextTower
}

/// The size of a transformer's blocks.
package struct TransformerShape: Sendable, Equatable {
    package var width: Int
    package var headCount: Int
    package var layers: Int
    package var activation: Activation

    /// The ratio of a feed-forward layer that gives exactly this hidden width after rounding down.
    package static func ratio(_ hidden: Int, over width: Int) -> Double {
        let ratio = Double(hidden) / Double(width)
        return Int(Double(width) * ratio) == hidden ? ratio : ratio.nextUp
    }
}

extension ImageTowerConfiguration {
    package var isConvolutional: Bool { false }
    package var bodyNamings: [TowerNaming] { [] }
}

extension TextTowerConfiguration {
    package var unprojectedState: String? { nil }
    package var bodyNamings: [TowerNaming] { [] }
}

extension TowerConfiguration {
    /// Whether another shape is of this family and the same.
    func isEqual(to other: any TowerConfiguration) -> Bool { (other as? Self) == self }
}
