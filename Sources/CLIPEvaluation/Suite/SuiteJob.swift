import CLIP
import CLIPData
import Checksums
import Foundation

/// One evaluation of a suite, with its sets opened.
struct SuiteJob {
    let entry: SuiteEntry
    /// Of the entry's options, its sets' files and the model.
    let id: String
    private let evaluator: Evaluator
    private let folder: String
    private let onStep: (String) -> Void
    private let onSkip: @Sendable (SkippedSample) -> Void
    /// Nil where the tool draws all.
    private let set: EvaluationSet?
    private let training: EvaluationSet?
    private let validation: EvaluationSet?
    private let shifts: [EvaluationSet]

    /// - Throws: ``EvaluationError`` for a set that cannot be opened and options that cannot be heeded.
    init(
        _ entry: SuiteEntry, _ evaluator: Evaluator, folder: String,
        onSkip: @escaping @Sendable (SkippedSample) -> Void, onStep: @escaping (String) -> Void
    ) throws {
        (self.entry, self.evaluator, self.folder) = (entry, evaluator, folder)
        (self.onSkip, self.onStep) = (onSkip, onStep)
        func open(_ data: String?, split: String) throws -> EvaluationSet? {
            guard let data else { return nil }
            var options = EvaluationSet.Options()
            options.split = split
            options.images = try entry.text("images")
            options.captionLanguage = try entry.text("caption_language")
            if let key = try entry.text("csv_img_key") { options.table.imageColumn = key }
            if let key = try entry.text("csv_caption_key") { options.table.captionColumn = key }
            if let key = try entry.text("csv_label_key") { options.labelColumn = key }
            return try EvaluationSet(data, options, onSkip: onSkip)
        }
        let (data, split) = (try entry.text("data"), try entry.text("split") ?? "test")
        set = try open(data, split: split)
        let learns = [.probe, .fewShot, .overlap].contains(entry.task)
        training =
            learns
            ? try open(entry.text("train_data") ?? data, split: entry.text("train_split") ?? "train") : nil
        validation = try entry.text("validation_split").flatMap { split in
            try open(entry.task == .probe ? entry.text("train_data") ?? data : data, split: split)
        }
        shifts = try (entry.texts("shifts") ?? []).compactMap { try open($0, split: split) }
        var hash = ContentHash()
        for part in ["3", entry.identity, evaluator.fingerprint] { hash.update(part) }
        for set in [set, training, validation].compactMap({ $0 }) + shifts { hash.update(set.fingerprint) }
        for key in ["labels_file", "templates_file", "labels_of_pairs", "winoground", "groups", "baseline"] {
            // What lists say, not how old they are.
            guard let path = try entry.text(key), let data = FileManager.default.contents(atPath: path) else {
                continue
            }
            data.withUnsafeBytes { hash.update($0) }
        }
        id = hash.hexadecimal()
    }

    func run() throws -> SuiteResults.Entry {
        let started = Date()
        let figures = try figures()
        let examples = try examples(of: figures)
        let data = try set.map { SuiteResults.DataSet(try evaluator.embedded($0)) }
        return SuiteResults.Entry(
            id: id, name: entry.name, task: entry.task, data: data, seconds: Date().timeIntervalSince(started),
            figures: figures, examples: examples)
    }

    private func examples(of figures: SuiteResults.Figures) throws -> [SuiteResults.Example] {
        guard let set else { return [] }
        let folder = ExampleFolder(folder, id: id)
        switch figures {
        case .zeroShot(let result):
            let embedded = try evaluator.embedded(set)
            guard !embedded.isMultiLabel else { return [] }
            return try ExamplePictures(embedded.labelled(), result).write(from: set, to: folder)
        case .overlap(let result):
            return try training.map { try OverlapExamples(result).write(from: set, training: $0, to: folder) } ?? []
        default: return []
        }
    }

    private func required(_ set: EvaluationSet?) throws -> EvaluationSet {
        guard let set else { throw entry.fault("data", "is needed") }
        return set
    }

    private func prompts(for set: EvaluationSet) throws -> ClassPrompts {
        try ClassPrompts(
            setName: entry.text("prompts_for") ?? set.name, classNames: set.classNames, own: set.templates,
            labels: entry.texts("labels"), labelsFile: entry.text("labels_file"),
            templates: entry.texts("templates") ?? [], templatesFile: entry.text("templates_file"))
    }

    private func figures() throws -> SuiteResults.Figures {
        switch entry.task {
        case .zeroShot:
            let set = try required(set)
            return .zeroShot(try evaluator.zeroShot(evaluator.embedded(set), prompts(for: set)))
        case .retrieval:
            let text = try entry.text("convention") ?? RetrievalResult.Convention.anyPositive.rawValue
            guard let convention = RetrievalResult.Convention(rawValue: text) else {
                throw entry.fault("convention", "is any-positive or paired, not \"\(text)\"")
            }
            return .retrieval(try evaluator.retrieval(evaluator.embedded(required(set)), convention: convention))
        case .probe: return try probe()
        case .fewShot: return try fewShot()
        case .robustness: return try robustness()
        case .overlap: return try overlap()
        case .weakness: return try weakness()
        case .calibrate:
            let set = try required(set)
            return .calibrate(
                try evaluator.calibrated(
                    set, validation: validation, prompts: prompts(for: set),
                    falseAcceptance: entry.number("false_acceptance") ?? 0.1, seed: entry.number("seed") ?? 0
                ).report)
        }
    }

    private func probe() throws -> SuiteResults.Figures {
        let (test, train) = (try required(set), try required(training))
        var probe = Probe()
        probe.seed = try entry.number("seed") ?? 0
        probe.sweep.triesAll = try entry.flag("all_strengths")
        let outcome = try evaluator.probe(
            probe, train: train, validation: validation, test: test, prompts: prompts(for: test),
            withPixels: entry.flag("baseline")
        ) { onStep("\($0): C = \($1.strength)") }
        return .probe(outcome.probe, zeroShot: outcome.zeroShot, pixels: outcome.pixels)
    }

    private func fewShot() throws -> SuiteResults.Figures {
        let (test, train) = (try required(set), try required(training))
        var shots = FewShot()
        if let numbers = try entry.numbers("shots") { shots.shots = numbers }
        shots.draws = try entry.number("draws") ?? shots.draws
        shots.strength = try entry.number("strength") ?? shots.strength
        shots.seed = try entry.number("seed") ?? 0
        return .fewShot(
            try evaluator.fewShot(
                shots, train: evaluator.embedded(train), test: evaluator.embedded(test), prompts: prompts(for: test)
            ) { onStep("\($0) a class, draw \($1 + 1)") })
    }

    private func robustness() throws -> SuiteResults.Figures {
        let reference = try required(set)
        var robustness = Robustness()
        robustness.corruptions = try (entry.texts("corruptions") ?? []).flatMap { name -> [Corruption] in
            guard let kinds = Corruption.kinds(named: name) else {
                throw entry.fault("corruptions", "has no \"\(name)\"; there are all, \(Corruption.names)")
            }
            return kinds
        }
        if let levels = try entry.numbers("severities") {
            guard levels.allSatisfy(Corruption.severities.contains) else {
                throw entry.fault("severities", "are from 1 to 5")
            }
            robustness.severities = levels
        }
        if let count: Int = try entry.number("sample") { robustness.sample = count > 0 ? count : nil }
        robustness.seed = try entry.number("seed") ?? 0
        robustness.baseline = try entry.text("baseline").map { try BaselineModels(path: $0).fit() }
        return .robustness(
            try evaluator.robustness(
                robustness, reference: reference, shifts: shifts, prompts: prompts(for: reference), progress: onStep))
    }

    private func overlap() throws -> SuiteResults.Figures {
        let (test, train) = (try required(set), try required(training))
        var overlap = Overlap()
        overlap.labels = try entry.text("labels_of_pairs")
        if let bits: Int = try entry.number("hash_distance") { overlap.hashDistance = bits < 0 ? nil : bits }
        overlap.seed = try entry.number("seed") ?? 0
        return .overlap(
            try evaluator.overlap(overlap, test, training: train, prompts: prompts(for: test), progress: onStep))
    }

    private func weakness() throws -> SuiteResults.Figures {
        var weakness = Weakness()
        weakness.count = try entry.number("count") ?? weakness.count
        weakness.sample = try entry.number("sample") ?? weakness.sample
        weakness.seed = try entry.number("seed") ?? 0
        weakness.winogroundFile = try entry.text("winoground")
        if let path = try entry.text("groups") { weakness.groups = try GroupFile.read(path) }
        return .weakness(
            try evaluator.weakness(weakness, set: set, prompts: set.map { try prompts(for: $0) }, progress: onStep))
    }
}
