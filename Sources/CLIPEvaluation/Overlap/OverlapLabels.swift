import Foundation

/// A pair of which somebody says whether it is a near-duplicate.
public struct OverlapLabel: Sendable, Equatable {
    /// The line of the table, from 1.
    public let line: Int
    /// The evaluation picture's key.
    public let evaluation: String
    /// The training picture's key.
    public let training: String
    /// What was said.
    public let isDuplicate: Bool

    /// A pair that was labelled elsewhere.
    public init(line: Int, evaluation: String, training: String, isDuplicate: Bool) {
        (self.line, self.isDuplicate) = (line, isDuplicate)
        (self.evaluation, self.training) = (evaluation, training)
    }

    private static let columns = ["evaluation", "training", "duplicate"]

    /// Reads a CSV file with the columns `evaluation`, `training` and `duplicate` (1, 0, yes or no) in any order, named
    /// in its first line; others are passed over. Fields with commas stand in double quotes.
    /// - Throws: ``EvaluationError/file(_:)``; ``EvaluationError/damaged(path:reason:)``, which names the line.
    public static func read(_ path: String) throws -> [OverlapLabel] {
        let lines = try PackedFile.lines(path).enumerated().filter { !$0.element.isEmpty }
        guard let header = lines.first else { throw EvaluationError.damaged(path: path, reason: "it is empty") }
        let names = try fields(header.element, header.offset + 1, path).map { $0.lowercased() }
        let places = columns.compactMap(names.firstIndex)
        guard places.count == columns.count else {
            throw EvaluationError.damaged(
                path: path,
                reason: "its first line is to name the columns \(columns.joined(separator: ", ")), and it names "
                    + names.joined(separator: ", "))
        }
        var linesOfPairs: [[String]: Int] = [:]
        return try lines.dropFirst().map { offset, line in
            let number = offset + 1
            let fields = try fields(line, number, path)
            guard fields.count == names.count else {
                throw EvaluationError.damaged(
                    path: path, reason: "line \(number) has \(fields.count) fields, and the first line \(names.count)")
            }
            let (pair, mark) = ([fields[places[0]], fields[places[1]]], fields[places[2]])
            guard !pair.contains("") else {
                throw EvaluationError.damaged(path: path, reason: "line \(number) does not name two pictures")
            }
            guard let isDuplicate = ["1": true, "yes": true, "0": false, "no": false][mark.lowercased()] else {
                throw EvaluationError.damaged(
                    path: path, reason: "line \(number) says \"\(mark)\" where 1, 0, yes or no is wanted")
            }
            if let before = linesOfPairs.updateValue(number, forKey: pair) {
                throw EvaluationError.damaged(path: path, reason: "line \(number) has the pair of line \(before) again")
            }
            return OverlapLabel(line: number, evaluation: pair[0], training: pair[1], isDuplicate: isDuplicate)
        }
    }

    /// A line's fields without white space around them, as RFC 4180 quotes them, but for line ends within.
    private static func fields(_ line: String, _ number: Int, _ path: String) throws -> [String] {
        var fields = [""]
        var (isQuoted, follows) = (false, false)
        for character in line {
            if character == "\"" {
                // A quotation mark right after one that closed stands for itself.
                if follows { fields[fields.count - 1].append(character) }
                follows = isQuoted
                isQuoted.toggle()
                continue
            }
            follows = false
            if character == ",", !isQuoted {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        guard !isQuoted else {
            throw EvaluationError.damaged(
                path: path, reason: "line \(number) opens a quotation mark that it does not close")
        }
        return fields.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

extension OverlapThreshold {
    /// What ``choose(_:hashDistance:)`` needs of labelled pairs.
    /// - Parameters:
    ///   - path: of the labels, for messages.
    ///   - evaluationKeys: of `evaluation`'s pictures, in their order.
    ///   - trainingKeys: of `training`'s.
    /// - Throws: ``EvaluationError/damaged(path:reason:)`` for a key that neither set has, by its line;
    ///   ``EvaluationError/samples(name:problem:)``; `TorchError`.
    public static func rows(
        _ labels: [OverlapLabel], path: String, evaluation: OverlapPictures, evaluationKeys: [String],
        training: OverlapPictures, trainingKeys: [String]
    ) throws -> [Row] {
        try OverlapScan.checkWidths(evaluation, training)
        let evaluationPlaces = try places(evaluationKeys, evaluation)
        let trainingPlaces = try places(trainingKeys, training)
        let pairs = try labels.map { label in
            func place(_ key: String, _ places: [String: Int], _ set: OverlapPictures) throws -> Int {
                guard let place = places[key] else {
                    throw EvaluationError.damaged(
                        path: path, reason: "line \(label.line) names \(key), which \(set.name) does not have")
                }
                return place
            }
            return (
                try place(label.evaluation, evaluationPlaces, evaluation),
                try place(label.training, trainingPlaces, training)
            )
        }
        let similarities = try OverlapScan.similarities(evaluation, training, of: pairs)
        return labels.indices.map { index in
            let (hash, other) = (evaluation.hashes[pairs[index].0], training.hashes[pairs[index].1])
            return Row(
                similarity: similarities[index],
                hashDistance: hash.tellsPicturesApart && other.tellsPicturesApart
                    ? hash.distance(to: other) : OverlapScan.noHashDistance,
                isDuplicate: labels[index].isDuplicate)
        }
    }

    private static func places(_ keys: [String], _ set: OverlapPictures) throws -> [String: Int] {
        guard keys.count == set.count else {
            throw EvaluationError.samples(name: set.name, problem: "\(keys.count) keys for \(set.count) pictures")
        }
        return Dictionary(keys.enumerated().map { ($1, $0) }) { first, _ in first }
    }
}
