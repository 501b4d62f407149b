/// How a project's files name the parameters of towers of one family: half of a ``ParameterLayout``.
package struct TowerNaming: Sendable {
    typealias Rule = ParameterLayout.Rule

    static let openCLIP = "open_clip"
    static let huggingFace = "Hugging Face"

    /// Whose names they are.
    let project: String
    /// What they are called among the project's, as in "open_clip (EVA-02)"; nil for the plain ones.
    let variant: String?
    /// Names that are all in a file that has these. Of several that fit, the one with the most names is taken.
    let signature: [String]
    /// Module names begin with `visual.`, `text.` or `caption_decoder.`.
    let rules: [Rule]
    /// Entries that hold nothing a model learns, left out on reading.
    let ignored: [String]
    /// Entries that are left out where the model has no place for them: what a class without it does not read of another
    /// class's file.
    let unneeded: [String]

    init(
        project: String, variant: String? = nil, signature: [String], rules: [Rule], ignored: [String] = [],
        unneeded: [String] = []
    ) {
        self.project = project
        self.variant = variant
        self.signature = signature
        self.rules = rules
        self.ignored = ignored
        self.unneeded = unneeded
    }

    /// The naming that a file's names fit best; nil for none.
    static func detected(among namings: [TowerNaming], in checkpoint: Checkpoint) -> TowerNaming? {
        var best: TowerNaming?
        for naming in namings where naming.signature.count > best?.signature.count ?? 0 {
            if naming.signature.allSatisfy({ checkpoint.tensors[$0] != nil }) { best = naming }
        }
        return best
    }
}
