import CLIP
import CLIPData
import Files
import Foundation

/// Runs a suite: each evaluation's figures are on disk as soon as they are there, and what is there already is not computed again.
public struct SuiteRun: Sendable {
    /// What is told while it runs.
    public enum Event: Sendable {
        /// An evaluation begins: its place from 0, of so many.
        case begins(name: String, place: Int, of: Int)
        /// An evaluation's figures were there.
        case kept(name: String)
        /// What is done now.
        case step(String)
    }

    private let suite: SuiteFile
    private let evaluator: Evaluator
    private let folder: String
    private let command: String
    private let version: String
    private let shouldStop: @Sendable () -> Bool
    private let onSkip: @Sendable (SkippedSample) -> Void

    /// - Parameters:
    ///   - folder: where `results.json`, `results.md`, `report.html` and `examples/` go.
    ///   - command: what was typed, for the report.
    ///   - version: of the program.
    ///   - shouldStop: asked before each evaluation.
    ///   - onSkip: told of pairs that are left out.
    public init(
        _ suite: SuiteFile, _ evaluator: Evaluator, folder: String, command: String, version: String,
        shouldStop: @escaping @Sendable () -> Bool = { false },
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }
    ) {
        (self.suite, self.evaluator, self.folder) = (suite, evaluator, folder)
        (self.command, self.version) = (command, version)
        (self.shouldStop, self.onSkip) = (shouldStop, onSkip)
    }

    /// - Returns: all figures.
    /// - Throws: ``EvaluationError``; `CancellationError` where it is to stop: what was done is kept.
    @discardableResult
    public func run(_ onEvent: @escaping (Event) -> Void = { _ in }) throws -> SuiteResults {
        try EvaluationError.wrapping { () throws(FileFault) in try Folder.make(folder) }
        let model = SuiteResults.Model(evaluator)
        let path = Folder.join(folder, SuiteResults.fileName)
        var known: [String: SuiteResults.Entry] = [:]
        var begun = Date()
        if FileManager.default.fileExists(atPath: path) {
            let before = try SuiteResults(path: path)
            guard before.model.fingerprint == model.fingerprint else {
                throw EvaluationError.mismatch(
                    path: path, expected: "\(model.name) (\(model.fingerprint))",
                    found: "\(before.model.name) (\(before.model.fingerprint))")
            }
            begun = before.date
            known = Dictionary(before.entries.map { ($0.id, $0) }) { first, _ in first }
        }
        var results = SuiteResults(
            title: suite.title, model: model, command: command, version: version, date: begun, entries: [])
        for (place, entry) in suite.entries.enumerated() {
            if shouldStop() { throw CancellationError() }
            onEvent(.begins(name: entry.name, place: place, of: suite.entries.count))
            let job = try SuiteJob(entry, evaluator, folder: folder, onSkip: onSkip) { onEvent(.step($0)) }
            if let kept = known[job.id] {
                onEvent(.kept(name: entry.name))
                results.entries.append(kept.named(entry.name))
            } else {
                results.entries.append(try job.run())
            }
            try results.write(to: folder)
        }
        let report = SuiteReport(results, folder: folder)
        for (name, text) in [("results.md", report.markdown()), ("report.html", try report.html())] {
            try EvaluationError.wrapping { () throws(FileFault) in
                try WholeFile.write(text, to: Folder.join(folder, name))
            }
        }
        return results
    }
}

extension SuiteResults.Entry {
    /// Another name changes no figure.
    func named(_ name: String) -> SuiteResults.Entry {
        SuiteResults.Entry(
            id: id, name: name, task: task, data: data, seconds: seconds, figures: figures, examples: examples)
    }
}
