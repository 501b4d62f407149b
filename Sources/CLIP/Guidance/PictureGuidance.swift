import Torch

/// A text that pictures are moved towards or, with a negative weight, away from.
public struct GuidingText: Sendable, Equatable {
    /// What the picture should become more, or less, like.
    public let text: String
    /// What its similarity is multiplied by in the score.
    public let weight: Double

    public init(_ text: String, weight: Double = 1) {
        self.text = text
        self.weight = weight
    }
}

/// How well pictures fit texts, and how each pixel would have to change for them to fit better: what steers a
/// generator, or the picture itself, towards words.
///
/// A picture's score is Σ weight · cos(picture, text) over the texts; weights are taken as they are, not divided by
/// their sum. The model's parameters take no part: they gather no gradients, whether they are trained elsewhere or not.
///
///     let guidance = try PictureGuidance(clip, texts: [.init("a red apple"), .init("words, letters", weight: -0.3)])
///     let found = try guidance.gradient(pictures)                     // pictures [B, 3, H, W] in [0, 1]
///     let better = try pictures + found.gradient * stepLength
///
/// Not for use inside `Engine.inference`, whose tensors cannot be differentiated.
public struct PictureGuidance: Sendable {
    /// The model that scores.
    public let clip: CLIPModel
    /// What the score is a weighted sum over.
    public let texts: [GuidingText]
    /// The texts' embeddings of length 1, `[T, E]`.
    private let directions: Tensor
    /// `[T]`
    private let weights: Tensor

    /// - Throws: ``CLIPError/guidance(problem:)`` for no texts, a blank one, or weights that are not finite or all 0.
    public init(_ clip: CLIPModel, texts: [GuidingText]) throws {
        guard !texts.isEmpty else { throw CLIPError.guidance(problem: "no texts given: give at least one.") }
        for (index, text) in texts.enumerated() {
            guard text.text.contains(where: { !$0.isWhitespace }) else {
                throw CLIPError.guidance(
                    problem: "text \(index + 1) of \(texts.count) is blank: write what to aim for.")
            }
            guard Float(text.weight).isFinite else {
                throw CLIPError.guidance(
                    problem: "text \(index + 1), \"\(text.text)\": its weight \(text.weight) is not a finite number.")
            }
        }
        guard texts.contains(where: { $0.weight != 0 }) else {
            throw CLIPError.guidance(problem: "every text has weight 0: give one that counts.")
        }
        self.clip = clip
        self.texts = texts
        // A copy, since tensors made in inference mode cannot be differentiated through.
        directions = try clip.vectors(texts: texts.map(\.text)).copied()
        weights = try Tensor(texts.map { Float($0.weight) })
    }

    /// The cosine of every picture and every text, float32 `[B, T]` on the CPU; differentiable.
    /// - Parameter pictures: red, green and blue in [0, 1], `[B, 3, H, W]`, of any size and any real type; see
    ///   ``PicturePreprocessor/differentiable(_:)`` for how they are brought to the model's.
    /// - Throws: ``CLIPError/guidance(problem:)`` for another shape or type, or values that are not in [0, 1];
    ///   ``CLIPError/picture(name:problem:)`` for pictures too long and thin.
    public func similarities(_ pictures: Tensor) throws -> Tensor {
        try check(pictures)
        return try cosines(clip.preprocessor.differentiable(pictures.converted(to: .float32)))
    }

    /// The score of every picture, float32 `[B]` on the CPU; differentiable. Parameters and errors are
    /// ``similarities(_:)``'s.
    public func scores(_ pictures: Tensor) throws -> Tensor { try weigh(similarities(pictures)) }

    /// What ``PictureGuidance/gradient(_:)`` finds.
    public struct Finding: Sendable {
        /// Of every picture, `[B]`; with views, the means over them.
        public let scores: Tensor
        /// Of every picture's score with respect to its own pixels: of the pictures' shape, type and device.
        public let gradient: Tensor
    }

    /// Scores, and their gradients with respect to the pixels. Parameters and errors are ``similarities(_:)``'s.
    public func gradient(_ pictures: Tensor) throws -> Finding {
        try check(pictures)
        return try differentiate(pictures) { try clip.preprocessor.differentiable($0) }
    }

    /// Mean scores of random views of every picture, and their gradients with respect to the whole picture's pixels.
    ///
    /// A picture that is only its own score's maximum looks like noise; one that has to score in every view is drawn
    /// with shapes one can see (the "cutouts" of CLIP-guided generation).
    /// - Parameters:
    ///   - pictures: as of ``similarities(_:)``.
    ///   - views: how views are drawn, anew for every picture.
    ///   - generator: where all chance comes from: the same state gives the same views.
    /// - Throws: ``CLIPError/guidance(problem:)`` also for views that cannot be drawn.
    public func gradient(
        _ pictures: Tensor, views: RandomViews, using generator: inout some RandomNumberGenerator
    ) throws -> Finding {
        try check(pictures)
        try views.check()
        var (scores, gradient): (Tensor?, Tensor?)
        // So many views at a time, which bounds the memory.
        let most = max(1, CLIPModel.batchSize / pictures.shape[0])
        for start in stride(from: 0, to: views.count, by: most) {
            let count = min(most, views.count - start)
            let part = try differentiate(pictures, share: Double(views.count)) { pictures in
                try clip.preprocessor.standardized(
                    views.draw(count, of: pictures, for: clip.preprocessor.configuration, using: &generator))
            }
            scores = try scores.map { try $0 + part.scores } ?? part.scores
            gradient = try gradient.map { try $0 + part.gradient } ?? part.gradient
        }
        guard let scores, let gradient else { throw CLIPError.guidance(problem: "no views were drawn.") }
        return Finding(scores: scores, gradient: gradient)
    }

    /// - Parameters:
    ///   - share: what scores are divided by.
    ///   - prepare: makes of the pictures `[B, 3, H, W]` the model's input, `[N · B, 3, S, S]`, view by view; the N
    ///     scores of each picture are added up.
    private func differentiate(
        _ pictures: Tensor, share: Double = 1, prepare: (Tensor) throws -> Tensor
    ) throws -> Finding {
        try Engine.withGradients {
            let leaf = try pictures.detached().copied().setRequiresGradient()
            let input = try prepare(leaf.converted(to: .float32))
            let count = pictures.shape[0]
            let scores = try weigh(cosines(input)).reshaped([-1, count]).sum(along: 0) / share
            let gradient = try scores.sum().gradient(withRespectTo: leaf)
            return Finding(scores: try scores.detached(), gradient: try gradient.detached())
        }
    }

    /// Preprocessed pictures `[B, 3, S, S]` and the texts: `[B, T]`.
    private func cosines(_ input: Tensor) throws -> Tensor {
        let embeddings = try clip.model.encode(pictures: input).converted(to: .float32).moved(to: .cpu)
        return try embeddings.normalized().matmul(directions.transposed())
    }

    private func weigh(_ similarities: Tensor) throws -> Tensor { try (similarities * weights).sum(along: 1) }

    private func check(_ pictures: Tensor) throws {
        func refuse(_ problem: String) -> CLIPError { .guidance(problem: problem) }
        let shape = pictures.shape
        guard shape.count == 4, shape[1] == 3, shape.allSatisfy({ $0 > 0 }) else {
            throw refuse("pictures of shape \(shape) given where [B, 3, H, W] is needed, nothing of it 0.")
        }
        guard pictures.dtype.isFloatingPoint else {
            throw refuse("pictures of \(pictures.dtype) given where real numbers are needed: divide bytes by 255.")
        }
        let flat = try pictures.detached().converted(to: .float32).reshaped([-1])
        let (least, most) = (try flat.minimum(along: 0).item(), try flat.maximum(along: 0).item())
        // What is not a number makes least and most not numbers, which lie in no range. Rounding may stray a little.
        guard least >= -1e-3, most <= 1.001 else {
            throw refuse(
                "pixels from \(least) to \(most) given where red, green and blue from 0 to 1 are needed, before any "
                    + "normalization: cut them off, or divide by what they are multiplied by.")
        }
    }
}
