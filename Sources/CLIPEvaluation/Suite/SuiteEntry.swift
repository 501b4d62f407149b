import Foundation

/// One evaluation of a suite: what the commands of "clip evaluate" take as options, under the same names with `_`.
public struct SuiteEntry: Sendable, Equatable {
    /// What is measured.
    public enum Task: String, Sendable, Codable, CaseIterable {
        /// Classes by their names.
        case zeroShot = "zero-shot"
        /// Pictures and captions by one another.
        case retrieval
        /// A linear classifier.
        case probe
        /// Linear classifiers of few samples.
        case fewShot = "few-shot"
        /// Under shifts.
        case robustness
        /// On what was trained on, and what was not.
        case overlap
        /// What such models are weak at.
        case weakness
        /// Whether confidences are right.
        case calibrate

        /// Options beside those that all tasks on a set take.
        var options: Set<String> {
            let prompts: Set = ["labels", "labels_file", "templates", "templates_file", "prompts_for"]
            return switch self {
            case .zeroShot: prompts
            case .retrieval: ["convention"]
            case .probe:
                prompts.union(["train_data", "train_split", "validation_split", "baseline", "all_strengths", "seed"])
            case .fewShot: prompts.union(["train_data", "train_split", "shots", "draws", "strength", "seed"])
            case .robustness: prompts.union(["shifts", "corruptions", "severities", "sample", "baseline", "seed"])
            case .overlap: prompts.union(["train_data", "train_split", "labels_of_pairs", "hash_distance", "seed"])
            case .weakness: prompts.union(["winoground", "groups", "count", "sample", "seed"])
            case .calibrate: prompts.union(["validation_split", "false_acceptance", "seed"])
            }
        }
    }

    /// Options that all tasks on a set take.
    static let common: Set = [
        "task", "name", "data", "split", "images", "caption_language", "csv_img_key", "csv_caption_key",
        "csv_label_key",
    ]
    /// Those that are paths, which begin in the suite's folder.
    static let paths: Set = [
        "data", "images", "labels_file", "templates_file", "train_data", "shifts", "labels_of_pairs", "winoground",
        "groups",
    ]

    /// What is measured.
    public let task: Task
    /// What the report calls it.
    public let name: String
    /// The options as they are written.
    let options: [String: Value]
    /// Where messages say it is.
    let place: String

    /// What stands behind a key.
    enum Value: Sendable, Equatable {
        case text(String)
        case list([String])

        var texts: [String] {
            switch self {
            case .text(let text): [text]
            case .list(let list): list
            }
        }
    }

    /// All that decides its figures, beside the files.
    var identity: String {
        let parts = options.filter { $0.key != "name" }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.texts)" }
        return parts.joined(separator: " ")
    }

    func text(_ key: String) throws -> String? {
        guard let value = options[key] else { return nil }
        guard case .text(let text) = value else { throw fault(key, "takes one value, not a list") }
        return text
    }

    func texts(_ key: String) -> [String]? { options[key]?.texts }

    func number<Number: LosslessStringConvertible>(_ key: String, _ type: Number.Type = Number.self) throws -> Number? {
        guard let text = try text(key) else { return nil }
        guard let number = Number(text) else { throw fault(key, "takes a number, not \"\(text)\"") }
        return number
    }

    func numbers(_ key: String) throws -> [Int]? {
        try texts(key)?.map { text in
            guard let number = Int(text) else { throw fault(key, "takes whole numbers, not \"\(text)\"") }
            return number
        }
    }

    func flag(_ key: String) throws -> Bool {
        guard let text = try text(key) else { return false }
        guard ["true", "false"].contains(text) else { throw fault(key, "takes true or false, not \"\(text)\"") }
        return text == "true"
    }

    func fault(_ key: String, _ problem: String) -> EvaluationError {
        .damaged(path: place, reason: "\(key) \(problem)")
    }
}
