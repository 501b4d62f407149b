import Foundation
import Torch

/// How often the right class comes first, and what is taken for what.
public struct ClassificationResult: Sendable, Equatable, Codable {
    /// One class.
    public struct ClassFigures: Sendable, Equatable, Codable {
        /// What it is called.
        public let name: String
        /// Samples of it.
        public let count: Int
        /// The share of them that is called so.
        public let recall: Interval
        /// The share that is right of all that are called so.
        public let precision: Interval
    }

    /// Two classes of which one is taken for the other.
    public struct Confusion: Sendable, Equatable, Codable {
        /// What it is.
        public let actual: String
        /// What it is taken for.
        public let predicted: String
        /// How often.
        public let count: Int
    }

    /// The share whose own class comes first.
    public let top1: Interval
    /// The share whose own class is among the first five; nil with fewer than six classes.
    public let top5: Interval?
    /// The mean of the classes' own shares: rare ones count as much as frequent ones. By bootstrap over samples.
    public let meanPerClassRecall: Interval
    /// What guessing gives.
    public let chance: Double
    /// Samples.
    public let count: Int
    /// By class.
    public let classes: [ClassFigures]
    /// The pairs taken for one another most often, first.
    public let mostConfused: [Confusion]
    /// `[actual][predicted]`
    public let confusion: [[Int]]

    enum CodingKeys: String, CodingKey {
        case top1, top5, chance, count, classes, confusion
        case meanPerClassRecall
        case mostConfused
    }

    /// - Parameters:
    ///   - answers: the classes of each sample, best first; at least one, and five where there are more than five classes.
    ///   - labels: the right class of each.
    ///   - classNames: of all classes.
    public init(answers: [[Int]], labels: [Int], classNames: [String], name: String = "samples") throws {
        guard answers.count == labels.count, !labels.isEmpty else {
            throw EvaluationError.samples(name: name, problem: "\(answers.count) answers for \(labels.count) labels")
        }
        if let row = labels.firstIndex(where: { !classNames.indices.contains($0) }) {
            throw EvaluationError.labelOutOfRange(
                name: name, row: row, label: labels[row], classCount: classNames.count)
        }
        let classCount = classNames.count
        var table = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
        for (found, label) in zip(answers, labels) { table[label][found[0]] += 1 }
        count = labels.count
        chance = 1 / Double(classCount)
        top1 = .wilson(classNames.indices.reduce(0) { $0 + table[$1][$1] }, of: labels.count)
        top5 =
            classCount > 5
            ? .wilson(zip(answers, labels).count { $0.prefix(5).contains($1) }, of: labels.count) : nil
        let isRight = zip(answers, labels).map { $0[0] == $1 }
        meanPerClassRecall = Self.meanRecall(labels, isRight, classCount)
        classes = classNames.indices.map { place in
            ClassFigures(
                name: classNames[place], count: table[place].reduce(0, +),
                recall: .wilson(table[place][place], of: table[place].reduce(0, +)),
                precision: .wilson(table[place][place], of: table.reduce(0) { $0 + $1[place] }))
        }
        confusion = table
        mostConfused = Self.mostConfused(table, classNames)
    }

    /// The classes of each row of `[N, C]` scores, best first, and not more than are told of.
    /// - Throws: ``EvaluationError/notFinite(name:)``.
    static func answers(_ scores: Tensor, name: String) throws -> [[Int]] {
        guard try scores.isAllFinite() else { throw EvaluationError.notFinite(name: name) }
        let depth = min(5, scores.shape[1])
        let best = try Engine.inference { try scores.largest(depth, along: 1).indices }.elements(Int64.self)
        return stride(from: 0, to: best.count, by: depth).map { best[$0..<$0 + depth].map { Int($0) } }
    }

    /// Of classes that have samples.
    private static func meanRecall(_ labels: [Int], _ isRight: [Bool], _ classCount: Int) -> Interval {
        var right = Array(repeating: 0.0, count: classCount)
        var counts = Array(repeating: 0.0, count: classCount)
        return Bootstrap().statistic(count: labels.count) { places in
            for label in 0..<classCount { (right[label], counts[label]) = (0, 0) }
            for place in places {
                counts[labels[place]] += 1
                if isRight[place] { right[labels[place]] += 1 }
            }
            var (sum, present) = (0.0, 0.0)
            for label in 0..<classCount where counts[label] > 0 {
                sum += right[label] / counts[label]
                present += 1
            }
            return sum / max(1, present)
        }
    }

    private static func mostConfused(_ table: [[Int]], _ names: [String]) -> [Confusion] {
        var pairs: [Confusion] = []
        for actual in names.indices {
            for predicted in names.indices where predicted != actual && table[actual][predicted] > 0 {
                pairs.append(
                    Confusion(actual: names[actual], predicted: names[predicted], count: table[actual][predicted]))
            }
        }
        return Array(
            pairs.sorted { ($1.count, $0.actual, $0.predicted) < ($0.count, $1.actual, $1.predicted) }.prefix(10))
    }
}

/// How well scores of classes put the right samples first, where a sample may have several classes.
public struct MultiLabelResult: Sendable, Equatable, Codable {
    /// The mean over classes of the average precision. By bootstrap over classes.
    public let meanAveragePrecision: Interval
    /// By class; nil for one that no sample has.
    public let averagePrecision: [String: Double?]
    /// Samples.
    public let count: Int

    enum CodingKeys: String, CodingKey {
        case count
        case meanAveragePrecision
        case averagePrecision
    }

    /// - Parameters:
    ///   - scores: `[N, C]`.
    ///   - classes: those of each sample.
    ///   - undecided: classes that a sample is counted for neither way, as VOC has hard ones.
    public init(
        scores: Tensor, classes: [[Int]], undecided: [[Int]] = [], classNames: [String], name: String = "samples"
    ) throws {
        guard try scores.isAllFinite() else { throw EvaluationError.notFinite(name: name) }
        let count = classes.count
        self.count = count
        let columns = try scores.transposed().contiguous().elements(Float.self)
        var found: [String: Double?] = [:]
        for (place, className) in classNames.enumerated() {
            let rows = classes.indices.filter { undecided.isEmpty || !undecided[$0].contains(place) }
            found[className] = .some(
                AveragePrecision.score(
                    rows.map { columns[place * count + $0] }, isRight: rows.map { classes[$0].contains(place) }))
        }
        let known = classNames.compactMap { found[$0] ?? nil }
        guard !known.isEmpty else { throw EvaluationError.samples(name: name, problem: "no sample has a class") }
        averagePrecision = found
        meanAveragePrecision = Bootstrap().mean(of: known)
    }
}
