import Imaging
import Torch

extension CLIPModel {
    /// Which of your own labels fits a picture best: every label, best first.
    ///
    ///     let answers = try await clip.classify(picture, labels: ["cat", "dog"])
    ///     print(answers[0].label, answers[0].score)
    ///
    /// - Parameters:
    ///   - picture: the picture.
    ///   - labels: none of them empty.
    ///   - templates: sentences with `{}` for the label; several are ensembled.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for no labels, or an empty one;
    ///   ``CLIPError/labelCutAway(template:label:tokens:contextLength:)`` for a template that leaves no room for a label.
    ///   How much of other sentences did not fit is in ``ZeroShotClassifier/truncation``.
    public func classify(
        _ picture: Picture, labels: [String], templates: [PromptTemplate] = [.plain]
    ) async throws -> [ScoredChoice] {
        try await classify([picture], labels: labels, templates: templates).flatMap(\.choices)
    }

    /// Which of your own labels fits each picture best. Who asks about the same labels again takes a
    /// ``classifier(labels:templates:)``, which reads them once.
    /// - Returns: an answer for each picture, in their order.
    public func classify(
        _ pictures: [Picture], labels: [String], templates: [PromptTemplate] = [.plain]
    ) async throws -> [Classification] {
        try await classifier(labels: labels, templates: templates).classify(pictures)
    }

    /// How well each caption describes a picture: every caption, best first.
    public func rank(_ picture: Picture, captions: [String]) async throws -> [ScoredChoice] {
        try await classifier(labels: captions, templates: [.plain], called: "captions").classify([picture])
            .flatMap(\.choices)
    }

    /// The cosine of the angle between a picture and a text, -1 to 1.
    public func similarity(_ picture: Picture, _ text: String) async throws -> Double {
        try await embed([picture]).similarities(to: embed(texts: [text])).item()
    }

    /// Labels read once, to classify any number of pictures by.
    /// - Parameters:
    ///   - labels: none of them empty.
    ///   - templates: sentences with `{}` for the label; several are ensembled.
    ///   - cache: where the labels' vectors are kept, so that another process need not encode them; nil to keep nothing.
    ///     The model's weights have to be those that it was loaded with.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for no labels, or an empty one;
    ///   ``CLIPError/labelCutAway(template:label:tokens:contextLength:)`` for a template that leaves no room for a label.
    ///   How much of other sentences did not fit is in ``ZeroShotClassifier/truncation``.
    public func classifier(
        labels: [String], templates: [PromptTemplate] = [.plain], cache: EmbeddingCache? = nil
    ) async throws -> ZeroShotClassifier {
        try await classifier(labels: labels, templates: templates, called: "labels", cache: cache)
    }

    private func classifier(
        labels: [String], templates: [PromptTemplate], called what: String, cache: EmbeddingCache? = nil
    ) async throws -> ZeroShotClassifier {
        let (prompts, kept, found) = try await OffPool.computing {
            let prompts = try ZeroShotPrompts(labels, templates, for: self.tokenizer, called: what)
            let kept = KeptClassVectors(cache, self, prompts)
            return (prompts, kept, kept?.vectors())
        }
        if let found { return try ZeroShotClassifier(self, prompts, weights: found) }
        let distinct = DistinctInputs(prompts.captions)
        let vectors = try await vectors(of: distinct.values.batches(of: Self.captionBatchSize)) {
            try self.vectors(captions: $0)
        }
        return try await OffPool.computing {
            let made = try prompts.classVectors(distinct.spread(vectors))
            kept?.keep(made)
            return try ZeroShotClassifier(self, prompts, weights: made)
        }
    }
}

extension ZeroShotClassifier {
    /// Every choice for each picture.
    /// - Returns: an answer for each picture, in their order.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for no pictures, ``CLIPError/picture(name:problem:)`` for one that
    ///   cannot be brought to the model's size.
    public func classify(_ pictures: [Picture]) async throws -> [Classification] {
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        var answers: [Classification] = []
        for batch in pictures.batches(of: CLIPModel.batchSize) {
            answers += try await OffPool.computing {
                let ranked = try rank(clip.vectors(pictures: batch))
                return batch.indices.map { Classification(picture: batch[$0].name, choices: ranked[$0]) }
            }
        }
        return answers
    }
}
