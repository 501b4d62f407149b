import Imaging

/// How right a model stays as pictures lose detail.
package enum ResolutionProbe {
    /// Shortest sides that pictures are brought to, in pixels.
    package static let sides = [16, 32, 64, 96, 128, 224]

    /// The picture with its shortest side reduced to `side` pixels (Lanczos-3), its shape kept. One that is no larger stays
    /// as it is: the model's own preprocessing enlarges.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` unless `side` is positive; `ImagingError`.
    package static func lowered(_ picture: Picture, to side: Int) throws -> Picture {
        guard side > 0 else {
            throw EvaluationError.samples(
                name: picture.name, problem: "a shortest side of \(side) pixels was asked for; ask for 1 or more")
        }
        return try picture.resizedForStorage(shortestSide: side)
    }
}
