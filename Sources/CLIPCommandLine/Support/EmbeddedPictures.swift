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

    init(
        _ list: PictureList, _ clip: CLIPModel, options: PictureOptions, normalized: Bool = true,
        withStates: Bool = false, batchSize: Int = 32, bad policy: BadPicture
    ) throws {
        if list.isEmpty { return }
        let preprocessor = try clip.preprocessor
        var parts: [Tensor] = []
        var stateParts: [Tensor] = []
        var waiting: [PictureList.Found] = []
        var seen = 0
        func failed(_ name: String, _ error: any Error) throws {
            if policy == .endsAll { throw error }
            bad.leftOut(name, error)
        }
        // Decoded on all cores, each picture on one; then encoded together.
        func encode() throws {
            let read = ParallelMap.run(waiting, threads: Engine.threadCount) { picture in
                Result {
                    try Engine.onThisThreadAlone {
                        try Engine.inference { try options.read(picture, for: preprocessor) }
                    }
                }
            }
            var inputs: [Tensor] = []
            for (picture, result) in zip(waiting, read) {
                switch result {
                case .success(let bytes):
                    inputs.append(bytes)
                    names.append(picture.name)
                case .failure(let error): try failed(picture.name, error)
                }
            }
            waiting = []
            Console.status(seen, of: list)
            guard !inputs.isEmpty else { return }
            guard withStates else {
                parts.append(try clip.vectors(pictureBytes: inputs, normalized: normalized))
                return
            }
            let (states, vectors) = try clip.statesAndVectors(pictureBytes: inputs)
            parts.append(vectors)
            stateParts.append(states)
        }
        func broken(_ name: String, _ error: any Error) throws {
            try encode()
            try failed(name, error)
        }
        try list.forEach(onFailure: broken) { picture in
            seen += 1
            waiting.append(picture)
            if waiting.count == batchSize { try encode() }
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
