import ArgumentParser
import CLIP
import Torch

// How a command computes, and where.

extension ArgumentHelp {
    fileprivate static var threads: Self { "Processor threads for one operation (default: all cores)." }
    fileprivate static var device: Self { "Where to compute: cpu, cuda or mps." }
    fileprivate static var products: Self {
        "How matrices of fp32 are multiplied: highest (in fp32), high (TF32 on a GPU) or medium (bf16)."
    }
}

/// Where to compute.
enum ComputePlace: String, ExpressibleByArgument, CaseIterable {
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

/// How much of the processor one operation takes.
struct ThreadOptions: ParsableArguments {
    @Option(help: .threads) var threads: Int?

    func validate() throws { try OptionRange.check("--threads", threads, in: OptionRange.threads) }

    func prepare() { Self.prepare(threads) }

    static func prepare(_ threads: Int?) {
        Engine.initialize()
        if let threads { Engine.threadCount = threads }
    }
}

/// Where a model computes, and how matrices of 32 bits are multiplied.
protocol PlaceOptions: ParsableArguments {
    var threads: Int? { get }
    var device: Given<ComputePlace> { get }
    var float32MatmulPrecision: Given<Engine.ProductPrecision> { get }
}

extension PlaceOptions {
    func validate() throws { try OptionRange.check("--threads", threads, in: OptionRange.threads) }

    func prepare() throws {
        ThreadOptions.prepare(threads)
        try Engine.setProductPrecision(float32MatmulPrecision.value)
    }
}

/// How a model that is trained computes.
struct ComputeOptions: PlaceOptions {
    @Option(
        name: .customLong("precision"),
        help: ArgumentHelp(
            "What the towers compute in: fp32, bf16 or auto, which is bf16 where that is the faster one and fp32 elsewhere.",
            valueName: "precision"))
    var wanted = Given(TrainingPrecision.fp32)

    @Option(help: .threads) var threads: Int?
    @Option(help: .device) var device = Given(ComputePlace.cpu)
    @Option(help: .products) var float32MatmulPrecision = Given(Engine.ProductPrecision.highest)

    /// What is computed in here.
    var precision: Precision { wanted.value.resolved(on: device.value.device) }
    /// Nil where nothing was said.
    var givenPrecision: Precision? { wanted.isGiven ? precision : nil }
}

/// What a model that is trained computes in, by the names that commands take.
enum TrainingPrecision: String, ExpressibleByArgument, CaseIterable {
    case auto
    case fp32
    case bf16

    init(_ precision: Precision) { self = precision == .fp32 ? .fp32 : .bf16 }

    /// Apple's GPUs are left at fp32: nobody has tried.
    func resolved(on device: Device) -> Precision {
        switch self {
        case .fp32: return .fp32
        case .bf16: return .bf16
        case .auto:
            switch device.kind {
            case .cpu: return MatrixPacking.bfloat16IsFaster ? .bf16 : .fp32
            case .cuda: return .bf16
            default: return .fp32
            }
        }
    }
}

/// How a model that answers computes.
struct AnsweringOptions: PlaceOptions {
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

    @Option(help: .threads) var threads: Int?
    @Option(help: .device) var device = Given(ComputePlace.cpu)
    @Option(help: .products) var float32MatmulPrecision = Given(Engine.ProductPrecision.highest)

    var answering: Answering { Answering(precision.value, isDeterministic: deterministic) }

    /// Whether nothing is said.
    var isPlain: Bool {
        !precision.isGiven && !deterministic && threads == nil && !device.isGiven && !float32MatmulPrecision.isGiven
    }
}

extension InferencePrecision: ExpressibleByArgument {}
extension Engine.ProductPrecision: ExpressibleByArgument {}
