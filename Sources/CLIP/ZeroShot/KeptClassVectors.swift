import Checksums
import Torch

/// The place in a cache where a model's vectors of some labels are, or will be.
///
/// It is found by what decides the vectors: the captions' tokens in their order, which labels, templates, tokenizer and
/// context length come to, the weights, and what is computed in. Hashing the weights takes about what a few labels do
/// (Documentation/Evaluation.md has figures), so that they are told by their files' stamps; a moved or copied model
/// encodes its labels once more.
package struct KeptClassVectors: Sendable {
    private let cache: EmbeddingCache
    private let parts: [String]
    private let description: String
    private let shape: [Int]

    /// Of the entries' form: those of another are made anew.
    private static let version = "1"
    private static let name = "vectors"

    /// Nil without a cache, and where nothing tells the model's weights from others'.
    /// - Parameter fingerprint: of the model's weights; nil to tell them by their files.
    package init?(
        _ cache: EmbeddingCache?, _ clip: CLIPModel, _ prompts: ZeroShotPrompts, fingerprint: String? = nil
    ) {
        guard let cache, let weights = fingerprint.map({ [$0] }) ?? clip.textStamp else { return nil }
        self.cache = cache
        let (count, templates) = (prompts.labels.count, prompts.templateCount)
        let model = clip.model
        parts =
            ["class names", Self.version] + weights
            + [clip.computing, "\(model.device.kind)", "\(templates)", prompts.captionHash()]
        func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }
        let asked =
            prompts.called == "captions"
            ? counted(count, "caption") : "\(counted(count, "class name")) × \(counted(templates, "prompt"))"
        description = "\(asked) by \(clip.name) in \(clip.precision.rawValue)"
        shape = [count, model.configuration.embeddingSize]
    }

    /// Unit vectors, float32 `[N, E]`; nil where there are none, or none to be trusted.
    package func vectors() -> Tensor? {
        guard let kept = cache.kept(parts)?[Self.name], kept.shape == shape, kept.dtype == .float32 else { return nil }
        return kept
    }

    /// Keeps what was made, if that can be.
    package func keep(_ vectors: Tensor) { cache.keep([Self.name: vectors], parts, description) }
}

extension ZeroShotPrompts {
    /// Of the captions in their order.
    fileprivate func captionHash() -> String {
        var hash = ContentHash()
        for caption in captions {
            withUnsafeBytes(of: Int64(caption.count)) { hash.update($0) }
            caption.withUnsafeBytes { hash.update($0) }
        }
        return hash.hexadecimal()
    }
}

extension CLIPModel {
    /// What tells texts' vectors from other models' without reading the weights; nil for a model that was never loaded, and
    /// for files of which times do not tell whether they changed.
    fileprivate var textStamp: [String]? {
        guard let stamp = weights?.stamp else { return nil }
        let configuration = model.configuration
        let traits = configuration.traits.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [stamp, "\(configuration.embeddingSize)", "\(configuration.text?.contextLength ?? 0)"] + traits
    }

    /// Unit vectors of labels, float32 `[N, E]`: from the cache, or encoded now.
    /// - Parameter fingerprint: of weights that are not those of the model's file; nil for those.
    package func classVectors(
        _ prompts: ZeroShotPrompts, cache: EmbeddingCache? = nil, fingerprint: String? = nil
    ) throws -> Tensor {
        let kept = KeptClassVectors(cache, self, prompts, fingerprint: fingerprint)
        if let vectors = kept?.vectors() { return vectors }
        let made = try prompts.classVectors(vectors(captions: prompts.captions))
        kept?.keep(made)
        return made
    }
}
