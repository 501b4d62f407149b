import Foundation
import Torch
import TorchNN

/// CLIP: an image tower and a text tower that end in one space, and a learned temperature. Of a model of which one tower
/// is published alone there is that tower, and nothing that two towers need.
///
/// Not safe for use from several threads while it is trained; inference from several threads is.
public final class DualEncoder: Module, @unchecked Sendable {
    private let image: ImageSide?
    private let words: TextSide?
    private let similarity: SimilarityScale?
    /// Writes captions (CoCa); nil for models without one.
    package let captionDecoder: CaptionDecoder?
    /// The shape it was made from.
    public let configuration: ModelConfiguration

    /// The temperature's start, ln(1/0.07) (arXiv 2103.00020, section 2.4).
    public static let initialLogitScale = log(1 / 0.07)
    /// The scale may not pass 100 (same section), so its logarithm stays in this range.
    public static let logitScaleRange = 0...log(100.0)

    /// A model with random weights, drawn from libtorch's generator: seed it with `Engine.seed(_:)`.
    public init(_ configuration: ModelConfiguration) throws {
        self.configuration = configuration
        image = try configuration.vision.map {
            ImageSide(visual: try $0.makeTower(embeddingSize: configuration.embeddingSize))
        }
        words = try configuration.text.map {
            TextSide(text: try $0.makeTower(embeddingSize: configuration.embeddingSize))
        }
        similarity = configuration.isPair ? try SimilarityScale(configuration) : nil
        captionDecoder = try configuration.makeCaptionDecoder()
    }

    /// The image tower.
    /// - Throws: ``CLIPError/noImageTower`` for a text tower alone.
    public var visual: any ImageTower {
        get throws {
            guard let image else { throw CLIPError.noImageTower }
            return image.visual
        }
    }

    /// The text tower: turns token ids into embeddings `[B, E]`.
    /// - Throws: ``CLIPError/noTextTower`` for an image tower alone.
    public var text: any TextTower {
        get throws {
            guard let words else { throw CLIPError.noTextTower }
            return words.text
        }
    }

    /// Whether it reads pictures; a text tower alone does not.
    public var readsPictures: Bool { image != nil }

    /// Whether it reads texts; an image tower alone does not.
    public var readsTexts: Bool { words != nil }

    /// ln(1/τ), a scalar: similarities are multiplied by its exponential.
    /// - Throws: ``CLIPError/noImageTower`` or ``CLIPError/noTextTower`` for a tower alone.
    public var logitScale: Parameter {
        get throws {
            guard let similarity else { throw image == nil ? CLIPError.noImageTower : CLIPError.noTextTower }
            return similarity.logitScale
        }
    }

    /// What is added to scaled similarities, a scalar; nil for models without one. See
    /// ``ModelConfiguration/initialLogitBias``.
    public var logitBias: Parameter? { similarity?.logitBias }

    /// The towers there are.
    public var towers: [any Tower] { [image?.visual as (any Tower)?, words?.text].compactMap { $0 } }

    /// Where its parameters lie; pictures and ids are moved there.
    public private(set) var device = Device.cpu

    /// The type the towers compute in.
    public private(set) var dtype = DType.float32

    /// How it answers; nil for a model that may be trained.
    public private(set) var answering: Answering?

    /// Moves the model, and has its towers compute in `dtype`. The temperature stays in 32 bits: in bfloat16 a scale of
    /// 100 would become 98.9.
    public func prepare(computingIn dtype: DType, on device: Device) throws {
        try prepare(packing: nil, computingIn: dtype, on: device)
        answering = nil
    }

    /// Moves the model, and has it answer as said: it will not be trained. On a processor its matrices are packed when they are
    /// first needed, and the parameters stay as they were loaded; see `Module.pack(as:)`.
    /// - Throws: ``CLIPError/unavailablePrecision(_:reason:)``.
    public func prepare(answering: Answering, on device: Device) throws {
        let settled = try answering.settled(for: configuration, on: device)
        let packing = settled.precision.packing
        try prepare(
            packing: device.kind == .cpu && packing.isAvailable ? packing : nil, computingIn: settled.precision.dtype,
            on: device)
        self.answering = settled
    }

    private func prepare(packing: MatrixPacking?, computingIn dtype: DType, on device: Device) throws {
        for part in towers as [any Module] + [captionDecoder].compactMap({ $0 }) {
            if let packing {
                try part.pack(as: packing)
            } else {
                try part.unpack(computingIn: dtype, on: device)
            }
        }
        try similarity?.convert(device: device)
        (self.dtype, self.device) = (dtype, device)
    }

    /// Preprocessed pictures `[B, 3, S, S]` to embeddings `[B, E]`, not normalized.
    /// - Throws: ``CLIPError/noImageTower`` for a text tower alone.
    public func encode(pictures: Tensor) throws -> Tensor {
        try shared(pictures) { [try self.visual($0)] }[0]
    }

    /// The image tower's work on pictures; see ``shared(_:least:work:_:)``.
    private func shared(
        _ pictures: Tensor, _ encode: @escaping @Sendable (Tensor) throws -> [Tensor]
    ) throws -> [Tensor] {
        let input = try pictures.uploaded(to: device).converted(to: dtype)
        guard input.rank == 4 else { return try encode(input) }
        let count = input.shape[0]
        return try shared(count, least: CoreSharing.leastPictures) {
            try encode($0.count == count ? input : input.slice($0))
        }
    }

    /// A tower's work on a batch: of a model that answers, each core's on a part of it, or on each member by itself where what it
    /// gives is to depend on the member alone. How a library cuts a product up, and so how it rounds, follows from the batch's size
    /// and the threads.
    /// - Parameters:
    ///   - least: work of a part.
    ///   - work: of a member; asked for where it decides something.
    private func shared(
        _ count: Int, least: Int, work: (Int) -> Int = { _ in 1 },
        _ encode: @escaping @Sendable (Range<Int>) throws -> [Tensor]
    ) throws -> [Tensor] {
        let whole = 0..<count
        guard let answering, !Engine.recordsGradients, !whole.isEmpty else { return try encode(whole) }
        if answering.isDeterministic { return try CoreSharing.map(whole.map { $0..<$0 + 1 }, threads: 1, encode) }
        guard device.kind == .cpu else { return try encode(whole) }
        return try CoreSharing.map(
            CoreSharing.parts(whole.map(work), least: least, threads: Engine.threadCount), encode)
    }

    /// Preprocessed pictures `[B, 3, S, S]` to what the image tower's last layer makes embeddings of, `[B, W]`, and the
    /// embeddings themselves, `[B, E]`, not normalized.
    /// - Throws: ``CLIPError/noImageTower`` for a text tower alone.
    public func encodeWithStates(pictures: Tensor) throws -> (states: Tensor, embeddings: Tensor) {
        let found = try shared(pictures) {
            let states = try self.visual.states($0)
            return [states, try self.visual.embedding(ofState: states)]
        }
        return (found[0], found[1])
    }

    /// Token ids of texts, as the model's tokenizer gives them, to embeddings `[B, E]`, not normalized.
    /// - Throws: ``CLIPError/noTextTower`` for an image tower alone.
    public func encode(captions: [[Int32]]) throws -> Tensor {
        // Padding, where there is any, is mostly left out.
        func tokens(_ place: Int) -> Int { 1 + (captions[place].lastIndex { $0 != captions[place].last } ?? 0) }
        return try shared(captions.count, least: CoreSharing.leastTokens, work: tokens) {
            [try self.text(Array(captions[$0]))]
        }[0]
    }

    /// What similarities are multiplied by, exp(``logitScale``).
    /// - Throws: ``CLIPError/noImageTower`` or ``CLIPError/noTextTower`` for a tower alone.
    public func temperatureScale() throws -> Double { exp(try logitScale.tensor.item()) }
}

/// What a text tower alone has not. Parameters are named `visual.…`.
private final class ImageSide: InlineModule {
    let visual: any ImageTower

    init(visual: any ImageTower) { self.visual = visual }
}

/// What an image tower alone has not. Parameters are named `text.…`.
private final class TextSide: InlineModule {
    let text: any TextTower

    init(text: any TextTower) { self.text = text }
}

/// What a pair of towers learns about similarities.
private final class SimilarityScale: InlineModule {
    let logitScale: Parameter
    let logitBias: Parameter?

    init(_ configuration: ModelConfiguration) throws {
        logitScale = try Parameter(Tensor([Float(configuration.initialLogitScale)], shape: []))
        logitBias = try configuration.initialLogitBias.map { try Parameter(Tensor([Float($0)], shape: [])) }
    }
}
