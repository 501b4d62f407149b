import CLIP
import Torch

/// Picture files as vectors, read a few at a time: a folder's worth, decoded, would not fit in memory.
struct EmbeddedPictures {
    /// The pictures that could be read, in the order given.
    private(set) var paths: [String] = []
    /// Float32 `[N, E]`, a row for each of ``paths``; nil for none.
    private(set) var embeddings: Tensor?
    private var bad = BadPictures()

    /// What becomes of a picture that cannot be read.
    enum BadPicture {
        /// It is told of on standard error and left out; ``EmbeddedPictures/finish()`` then ends with its code.
        case leftOut
        /// Its error is thrown.
        case endsAll
    }

    private static let batchSize = 32

    init(
        _ paths: [String], _ clip: CLIPModel, options: PictureOptions, normalized: Bool = true, bad policy: BadPicture
    ) throws {
        if paths.isEmpty { return }
        let preprocessor = try clip.preprocessor
        var parts: [Tensor] = []
        for start in stride(from: 0, to: paths.count, by: Self.batchSize) {
            let names = paths[start..<min(start + Self.batchSize, paths.count)]
            var inputs: [Tensor] = []
            for name in names {
                func read() throws -> Tensor {
                    try Engine.inference { try options.read(name, for: preprocessor) }
                }
                guard let input = try policy == .endsAll ? read() : bad.leavingOut(read) else { continue }
                inputs.append(input)
                self.paths.append(name)
            }
            if !inputs.isEmpty { parts.append(try clip.vectors(pictureBytes: inputs, normalized: normalized)) }
            Console.status("\(start + names.count)/\(paths.count) pictures")
        }
        Console.endStatus()
        if !parts.isEmpty { embeddings = try Engine.inference { try Tensor.concatenated(parts) } }
    }

    /// Ends the command with the first failure's code, its message having been told already.
    func finish() throws { try bad.finish() }
}
