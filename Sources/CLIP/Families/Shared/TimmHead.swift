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
