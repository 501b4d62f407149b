import CLIP
import CLIPData
import Foundation
import Torch

/// What the image tower made of some pictures.
struct EncodedPictures: Sendable {
    /// Float32 `[N, E]`.
    let vectors: Tensor
    /// What the image tower projects, float32 `[N, W]`, where that is asked for.
    let states: Tensor?
}

/// Pictures from their files to vectors, on all cores: on the CPU each takes a batch from its bytes to its vectors, without
/// waiting for the others after every operation; another device has one batch at a time, and the cores read meanwhile.
typealias EmbeddingStream = PictureStream<Tensor, EncodedPictures>

extension PictureStream where Input == Tensor, Output == EncodedPictures {
    /// Pictures that a core, or another device, encodes at a time: a core is no faster with more, which take its memory.
    static func usualBatchSize(on device: Device) -> Int { device.kind == .cpu ? 16 : 32 }

    /// - Parameters:
    ///   - options: how pictures are read.
    ///   - normalized: whether each vector is divided by its length; with states they all are.
    ///   - batchSize: pictures of a batch at most; the usual ones where nothing is said.
    /// - Throws: `CLIPError.noImageTower` for a text tower alone.
    init(
        _ clip: CLIPModel, options: PictureOptions, normalized: Bool, withStates: Bool = false, batchSize: Int? = nil
    ) throws {
        let preprocessor = try clip.preprocessor
        let isOnProcessor = clip.model.device.kind == .cpu
        let turn = NSLock()
        @Sendable func encode(_ inputs: [Tensor]) throws -> EncodedPictures {
            guard withStates else {
                return EncodedPictures(
                    vectors: try clip.vectors(pictureBytes: inputs, normalized: normalized), states: nil)
            }
            let (states, vectors) = try clip.statesAndVectors(pictureBytes: inputs)
            return EncodedPictures(vectors: vectors, states: states)
        }
        self.init(
            sizes: StreamSizes(
                batchSize: batchSize ?? Self.usualBatchSize(on: clip.model.device), cores: Engine.threadCount,
                leastWorkers: isOnProcessor ? 1 : 2),
            read: { picture in
                try Engine.onThisThreadAlone {
                    try Engine.inference { try options.read(picture, for: preprocessor) }
                }
            },
            encode: { inputs, threads in
                guard isOnProcessor else { return try turn.withLock { try encode(inputs) } }
                return try Engine.onThisThread(with: threads) { try encode(inputs) }
            })
    }
}
