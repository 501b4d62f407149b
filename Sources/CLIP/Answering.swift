import Torch

/// What a model that answers computes in, by the names that commands take.
public enum InferencePrecision: String, Sendable, Codable, CaseIterable {
    /// The fastest of the others whose vectors stay within a cosine of 0.9995 of fp32's: see ``resolved(for:on:)``.
    case auto
    /// 32-bit floating point throughout.
    case fp32
    /// bfloat16, added up in 32 bits: half the memory; faster where the processor multiplies it faster.
    case bf16
    /// Products of bytes, with a scale for each row and each column; all else in bfloat16. On the CPU alone.
    case int8

    /// The type that is computed in between products.
    public var dtype: DType { self == .bf16 || self == .int8 ? .bfloat16 : .float32 }

    /// How matrices are packed on a processor.
    package var packing: MatrixPacking {
        switch self {
        case .auto, .fp32: .float32
        case .bf16: .bfloat16
        case .int8: .int8
        }
    }

    /// What ``auto`` stands for; the others stand for themselves.
    ///
    /// For transformers, on a CPU that multiplies bfloat16 faster than 32-bit numbers (AMD's since Zen 4, Intel's with AMX), it is
    /// bf16; for towers of convolutions, on other processors, and on GPUs, it is fp32. It is never int8, of which a cosine of 0.999
    /// can be promised at best. Documentation/Benchmarks.md has what was measured.
    public func resolved(for configuration: ModelConfiguration, on device: Device) -> InferencePrecision {
        guard self == .auto else { return self }
        let keepsDirection = configuration.vision?.isConvolutional != true
        return keepsDirection && device.kind == .cpu && MatrixPacking.bfloat16IsFaster ? .bf16 : .fp32
    }
}

/// How a model that will not be trained computes its answers.
public struct Answering: Sendable, Equatable {
    /// What is computed in.
    public var precision: InferencePrecision
    /// Whether the same picture or text gives the same bits whatever batch, order or number of threads it comes in: each is then
    /// computed by itself on one core. Short texts take several times as long.
    public var isDeterministic: Bool

    /// The fastest way that is as good as exact, unless said otherwise.
    public init(_ precision: InferencePrecision = .auto, isDeterministic: Bool = false) {
        (self.precision, self.isDeterministic) = (precision, isDeterministic)
    }

    /// The same with what `auto` stands for, and checked.
    /// - Throws: ``CLIPError/unavailablePrecision(_:reason:)``.
    func settled(for configuration: ModelConfiguration, on device: Device) throws -> Answering {
        let settled = Answering(precision.resolved(for: configuration, on: device), isDeterministic: isDeterministic)
        guard settled.precision == .int8 else { return settled }
        guard device.kind == .cpu else {
            throw CLIPError.unavailablePrecision(.int8, reason: "it is computed on the CPU alone")
        }
        guard MatrixPacking.int8.isAvailable else {
            throw CLIPError.unavailablePrecision(.int8, reason: "this processor lacks AVX-512 VNNI")
        }
        return settled
    }
}

extension CLIPModel {
    /// What the towers compute in: of a model that answers, what `auto` stands for here.
    public var precision: InferencePrecision {
        model.answering?.precision ?? (model.dtype == .bfloat16 ? .bf16 : .fp32)
    }

    /// All of how it is computed that shows in its vectors, in a word or two, for what is kept of them.
    package var computing: String {
        precision.rawValue + (model.answering?.isDeterministic == true ? ", deterministic" : "")
    }
}
