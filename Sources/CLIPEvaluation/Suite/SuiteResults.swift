import Files
import Foundation

/// What a suite gave: `results.json`.
public struct SuiteResults: Sendable, Equatable, Codable {
    /// Whose figures they are.
    public struct Model: Sendable, Equatable, Codable {
        /// As it was asked for.
        public let name: String
        /// Of its weights, tokenizer and preprocessing, and its precision.
        public let fingerprint: String

        package init(_ evaluator: Evaluator) {
            (name, fingerprint) = (evaluator.clip.name, evaluator.fingerprint)
        }

        init(name: String, fingerprint: String) { (self.name, self.fingerprint) = (name, fingerprint) }
    }

    /// What was measured on.
    public struct DataSet: Sendable, Equatable, Codable {
        /// What it is called.
        public let name: String
        /// Of its files and options.
        public let fingerprint: String
        /// Samples.
        public let count: Int
        /// Samples that could not be read.
        public let skipped: Int

        package init(_ set: EmbeddedSet) {
            self.init(name: set.name, fingerprint: set.fingerprint, count: set.count, skipped: set.skipped)
        }

        init(name: String, fingerprint: String, count: Int, skipped: Int) {
            (self.name, self.fingerprint, self.count, self.skipped) = (name, fingerprint, count, skipped)
        }
    }

    /// A picture to show.
    public struct Example: Sendable, Equatable, Codable {
        /// Why it is shown.
        public enum Kind: String, Sendable, Codable {
            /// Named rightly.
            case right
            /// Named wrongly, and surely so.
            case wrong
            /// Of two classes that are taken for one another most often.
            case confused
            /// Beside one that was learned from and counts as the same.
            case seen
        }
        /// Why it is shown.
        public let kind: Kind
        /// Of the sample.
        public let key: String
        /// What it is; a key for one beside another.
        public let actual: String
        /// What it is taken for; the key of what was learned from.
        public let predicted: String
        /// A JPEG beside the results.
        public let file: String
    }

    /// The figures of one evaluation.
    public enum Figures: Sendable, Equatable {
        /// Classes by their names.
        case zeroShot(ZeroShotResult)
        /// Pictures and captions by one another.
        case retrieval(RetrievalResult)
        /// A linear classifier, the names, and a linear classifier of pixels.
        case probe(ProbeResult, zeroShot: ZeroShotResult, pixels: ProbeResult?)
        /// Linear classifiers of few samples.
        case fewShot(FewShotResult)
        /// Under shifts.
        case robustness(RobustnessResult)
        /// On what was trained on, and what was not.
        case overlap(OverlapResult)
        /// What such models are weak at.
        case weakness(WeaknessResult)
        /// Whether confidences are right.
        case calibrate(CalibrationReport)
    }

    /// One evaluation.
    public struct Entry: Sendable, Equatable {
        /// Of all that decides its figures: with the same, they are not computed again.
        public let id: String
        /// What the suite calls it.
        public let name: String
        /// What is measured.
        public let task: SuiteEntry.Task
        /// Nil where the tool draws all.
        public let data: DataSet?
        /// What it took.
        public let seconds: Double
        /// What it gave.
        public let figures: Figures
        /// Pictures to show.
        public let examples: [Example]
    }

    /// Of the suite.
    public let title: String
    /// Whose figures they are.
    public let model: Model
    /// The command that was typed.
    public let command: String
    /// The program that computed them.
    public let version: String
    /// When it was begun.
    public let date: Date
    /// In the suite's order.
    public internal(set) var entries: [Entry]

    /// The name of the file.
    public static let fileName = "results.json"

    /// - Parameter path: of the file, or of its folder.
    /// - Throws: ``EvaluationError``.
    public init(path: String) throws {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        let file = isFolder.boolValue ? "\(path)/\(Self.fileName)" : path
        let data = Data(try PackedFile.bytes(file, limit: 1 << 30))
        do { self = try ResultCoding.decoder().decode(SuiteResults.self, from: data) } catch {
            throw EvaluationError.damaged(path: file, reason: "it holds no results of a suite")
        }
    }

    init(title: String, model: Model, command: String, version: String, date: Date, entries: [Entry]) {
        (self.title, self.model, self.command) = (title, model, command)
        (self.version, self.date, self.entries) = (version, date, entries)
    }

    /// Writes it into a folder; the file appears only when it is whole.
    /// - Throws: ``EvaluationError/file(_:)``.
    func write(to folder: String) throws {
        let data = try ResultCoding.encoder().encode(self)
        try EvaluationError.wrapping { () throws(FileFault) in
            try WholeFile.write(data, to: "\(folder)/\(Self.fileName)")
        }
    }
}

extension SuiteResults.Entry: Codable {
    private enum CodingKeys: String, CodingKey {
        case id, name, task, data, seconds, examples, results
    }

    /// The figures beside zero-shot's and the pixels'.
    private struct ProbeFigures: Codable {
        let probe: ProbeResult
        let zeroShot: ZeroShotResult
        let pixels: ProbeResult?
    }

    /// With the figures under `results`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(task, forKey: .task)
        try container.encodeIfPresent(data, forKey: .data)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(examples, forKey: .examples)
        switch figures {
        case .zeroShot(let result): try container.encode(result, forKey: .results)
        case .retrieval(let result): try container.encode(result, forKey: .results)
        case .probe(let probe, let zeroShot, let pixels):
            try container.encode(
                ProbeFigures(probe: probe, zeroShot: zeroShot, pixels: pixels), forKey: .results)
        case .fewShot(let result): try container.encode(result, forKey: .results)
        case .robustness(let result): try container.encode(result, forKey: .results)
        case .overlap(let result): try container.encode(result, forKey: .results)
        case .weakness(let result): try container.encode(result, forKey: .results)
        case .calibrate(let result): try container.encode(result, forKey: .results)
        }
    }

    /// What ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let task = try container.decode(SuiteEntry.Task.self, forKey: .task)
        func results<Result: Decodable>(_ type: Result.Type = Result.self) throws -> Result {
            try container.decode(Result.self, forKey: .results)
        }
        let figures: SuiteResults.Figures
        switch task {
        case .zeroShot: figures = .zeroShot(try results())
        case .retrieval: figures = .retrieval(try results())
        case .probe:
            let all = try results(ProbeFigures.self)
            figures = .probe(all.probe, zeroShot: all.zeroShot, pixels: all.pixels)
        case .fewShot: figures = .fewShot(try results())
        case .robustness: figures = .robustness(try results())
        case .overlap: figures = .overlap(try results())
        case .weakness: figures = .weakness(try results())
        case .calibrate: figures = .calibrate(try results())
        }
        self.init(
            id: try container.decode(String.self, forKey: .id), name: try container.decode(String.self, forKey: .name),
            task: task, data: try container.decodeIfPresent(SuiteResults.DataSet.self, forKey: .data),
            seconds: try container.decode(Double.self, forKey: .seconds), figures: figures,
            examples: try container.decode([SuiteResults.Example].self, forKey: .examples))
    }
}
