import CLIP
import CLIPData
import Torch

/// Pictures as vectors, read a few at a time: a folder's worth, decoded, would not fit in memory. See ``EmbeddingStream``.
struct EmbeddedPictures {
    /// The pictures that could be read, in the order given.
    private(set) var names: [String] = []
    /// Float32 `[N, E]`, a row for each of ``names``; nil for none.
    private(set) var embeddings: Tensor?
    /// What the image tower projects, float32 `[N, W]`, where that is asked for.
    private(set) var states: Tensor?
    private var bad = BadPictures()

    /// What becomes of a picture that cannot be read.
    enum BadPicture {
        /// It is told of on standard error and left out; ``EmbeddedPictures/finish()`` then ends with its code.
        case leftOut
        /// Its error is thrown.
        case endsAll
    }

    /// Those that were left out.
    var skipped: [SkippedPicture] { bad.skipped }

    init(
        _ list: PictureList, _ clip: CLIPModel, options: PictureOptions, normalized: Bool = true,
        withStates: Bool = false, batchSize: Int? = nil, bad policy: BadPicture
    ) throws {
        if list.isEmpty { return }
        let stream = try EmbeddingStream(
            clip, options: options, normalized: normalized, withStates: withStates, batchSize: batchSize)
        var parts: [Tensor] = []
        var stateParts: [Tensor] = []
        defer { Console.endStatus() }
        try stream.run(list, endsWithFailure: policy == .endsAll) { batch in
            for (name, failure) in batch.pictures {
                if let failure { bad.leftOut(name, failure) } else { names.append(name) }
            }
            if let encoded = batch.output {
                parts.append(encoded.vectors)
                encoded.states.map { stateParts.append($0) }
            }
            Console.status(names.count + skipped.count, of: list)
        }
        if !parts.isEmpty { embeddings = try Engine.inference { try Tensor.concatenated(parts) } }
        if !stateParts.isEmpty { states = try Engine.inference { try Tensor.concatenated(stateParts) } }
    }

    /// Every choice for each picture, best first.
    func ranked(by classifier: ZeroShotClassifier) throws -> [(image: String, choices: [ScoredChoice])] {
        try zip(names, embeddings.map { try classifier.rank($0) } ?? []).map { ($0, $1) }
    }

    /// Ends the command with the first failure's code, its message having been told already.
    func finish() throws { try bad.finish() }
}
