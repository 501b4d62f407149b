import Torch
import TorchNN

/// How open_clip makes an embedding of the pooled state of a tower that it takes from timm: its `timm_proj`.
package enum TimmProjection: String, Sendable, Equatable {
    /// A matrix.
    case linear
    /// Two layers, twice as wide inside as the embedding.
    case mlp

    /// Reads `timm_proj`.
    /// - Parameter family: the tower's, for messages.
    init(_ object: ConfigurationObject, of family: String) throws {
        let name = try object.string("timm_proj", default: "linear")
        guard let projection = Self(rawValue: name) else {
            throw object.problem("timm_proj", "\"\(name)\" is not supported for \(family): use linear or mlp")
        }
        self = projection
    }

    /// Initialized as open_clip's, which leaves PyTorch's defaults.
    func make(_ width: Int, _ embeddingSize: Int) throws -> any TimmHead {
        switch self {
        case .linear: try TimmMatrixHead(width, embeddingSize)
        case .mlp: try TimmHiddenHead(width, embeddingSize)
        }
    }

    /// Multiply-adds of one state.
    func work(_ width: Double, _ embeddingSize: Double) -> Double {
        switch self {
        case .linear: width * embeddingSize
        case .mlp: width * 2 * embeddingSize + 2 * embeddingSize * embeddingSize
        }
    }

    func parameterCount(_ width: Double, _ embeddingSize: Double) -> Double {
        work(width, embeddingSize) + (self == .mlp ? 2 * embeddingSize : 0)
    }
}

/// What makes the embedding: `[B, W] -> [B, E]`.
package protocol TimmHead: Module {
    func callAsFunction(_ state: Tensor) throws -> Tensor
}

/// A matrix.
package final class TimmMatrixHead: TimmHead {
    package let projection: Linear

    init(_ width: Int, _ embeddingSize: Int) throws { projection = try Linear(width, embeddingSize, bias: false) }

    package func callAsFunction(_ state: Tensor) throws -> Tensor { try projection(state) }
}

/// Two layers with GELU between, twice as wide inside as the embedding; only the first has a bias.
package final class TimmHiddenHead: TimmHead {
    package let expand: Linear
    package let contract: Linear

    init(_ width: Int, _ embeddingSize: Int) throws {
        expand = try Linear(width, 2 * embeddingSize)
        contract = try Linear(2 * embeddingSize, embeddingSize, bias: false)
    }

    package func callAsFunction(_ state: Tensor) throws -> Tensor { try contract(expand(state).gelu()) }
}

extension TowerNaming {
    /// open_clip's names of such a head.
    static let timmHead = [
        Rule("visual.head.projection.**", "visual.head.proj.**"),
        Rule("visual.head.expand.**", "visual.head.mlp.fc1.**"),
        Rule("visual.head.contract.**", "visual.head.mlp.fc2.**"),
    ]
}

/// A tower that open_clip takes from timm with the mean of its last states and a projection: timm's names say everything but
/// the resolution, the projection and how blocks are left out in training.
package protocol TimmPooledConfiguration: ImageTowerConfiguration {
    /// The projection.
    var head: TimmProjection { get set }
    /// See ``StochasticDepth/probability``.
    var dropPath: Double { get set }
    /// timm's names.
    static var timmTowers: [(name: String, shape: Self)] { get }
    /// The tower in messages, such as "a ConvNeXt".
    static var oneOfThem: String { get }
    /// What else stands in a `vision_cfg` and changes nothing, with what is written there.
    static var idleKeys: [String: Double] { get }
    /// The `timm_pool` that is written. Empty leaves the tower's own pooling, which is the mean.
    static var writtenPool: String { get }
}

extension TimmPooledConfiguration {
    package static var timmBeginnings: [String] { timmTowers.map(\.name) }
    package var isConvolutional: Bool { true }

    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? {
        let name = try object.string("timm_model_name", default: "")
        guard var shape = timmTowers.first(where: { $0.name == name })?.shape else { return nil }
        shape.imageSize = try object.squareSize("image_size", default: 224)
        _ = try object.flag("timm_model_pretrained", default: false)
        shape.dropPath = try object.real("timm_drop_path", default: 0)
        // There are no patches.
        for key in idleKeys.keys.sorted() + ["patch_dropout"] { _ = try object.real(key, default: 0) }
        let pool = try object.string("timm_pool", default: "avg")
        guard ["", "avg"].contains(pool) else {
            throw object.problem("timm_pool", "\"\(pool)\" is not supported for \(oneOfThem): use \"\" or avg")
        }
        shape.head = try TimmProjection(object, of: oneOfThem)
        try object.refuseOthers()
        return shape
    }

    package func openCLIPObject() throws -> [String: Any] {
        guard let name = Self.timmTowers.first(where: { isLike($0.shape) })?.name else {
            throw CLIPError.unsupportedConversion(what: "an image tower of a size that timm has no name for")
        }
        let own: [String: Any] = [
            "image_size": imageSize, "timm_model_name": name, "timm_model_pretrained": false,
            "timm_pool": Self.writtenPool, "timm_proj": head.rawValue, "timm_drop_path": dropPath,
        ]
        return own.merging(Self.idleKeys) { own, _ in own }
    }

    /// Whether only what timm's name does not say differs.
    private func isLike(_ other: Self) -> Bool {
        var same = other
        (same.imageSize, same.head, same.dropPath) = (imageSize, head, dropPath)
        return same == self
    }
}
