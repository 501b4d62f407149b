import CLIPData

extension EvaluationSet {
    /// So many samples of it, drawn by the seed, in their order; the set itself where it has no more.
    /// - Throws: ``EvaluationError/setting(name:value:reason:)`` for fewer than one; what reading it throws.
    public func sampled(_ count: Int, seed: UInt64 = 0) throws -> EvaluationSet {
        guard count > 0 else {
            throw EvaluationError.setting(name: "sample", value: "\(count)", reason: "at least one")
        }
        var total = 0
        try source.read { _ in total += 1 }
        guard total > count else { return self }
        var generator = SplitMix64(seed: seed)
        let places = Set((0..<total).shuffled(using: &generator).prefix(count))
        return EvaluationSet(
            name: name, classNames: classNames, templates: templates,
            fingerprint: "\(fingerprint), \(count) by \(seed)", source: SampledSource(source: source, places: places))
    }
}

/// Some of a set's samples.
private struct SampledSource: EvaluationSource {
    let source: any EvaluationSource
    let places: Set<Int>

    var classNames: [String] { source.classNames }
    var templates: [String] { source.templates }
    var files: [String] { source.files }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        var place = 0
        try source.read { sample in
            if places.contains(place) { try body(sample) }
            place += 1
        }
    }
}
