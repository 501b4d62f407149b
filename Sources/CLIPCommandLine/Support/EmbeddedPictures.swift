import CLIP
import CLIPData
import Torch

/// Pictures as vectors, read a few at a time: a folder's worth, decoded, would not fit in memory.
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

    private static let batchSize = 32

    init(
        _ list: PictureList, _ clip: CLIPModel, options: PictureOptions, normalized: Bool = true,
        withStates: Bool = false, bad policy: BadPicture
    ) throws {
        if list.isEmpty { return }
        let preprocessor = try clip.preprocessor
        var parts: [Tensor] = []
        var stateParts: [Tensor] = []
        var inputs: [Tensor] = []
        var seen = 0
        func encode() throws {
            if !inputs.isEmpty, withStates {
                let (states, vectors) = try clip.statesAndVectors(pictureBytes: inputs)
                parts.append(vectors)
                stateParts.append(states)
            } else if !inputs.isEmpty {
                parts.append(try clip.vectors(pictureBytes: inputs, normalized: normalized))
            }
            inputs = []
            Console.status(seen, of: list)
        }
        func failed(_ name: String, _ error: any Error) throws {
            if policy == .endsAll { throw error }
            bad.leftOut(name, error)
        }
        try list.forEach(onFailure: failed) { picture in
            seen += 1
            do {
                inputs.append(try Engine.inference { try options.read(picture, for: preprocessor) })
                names.append(picture.name)
            } catch {
                try failed(picture.name, error)
            }
            if inputs.count == Self.batchSize { try encode() }
        }
        try encode()
        Console.endStatus()
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
