import Foundation

/// Two models' results on the same evaluations, side by side.
public struct SuiteComparison: Sendable, Equatable, Codable {
    /// A figure that both have.
    public struct Figure: Sendable, Equatable, Codable {
        /// What kind of number it is.
        public enum Kind: String, Sendable, Codable {
            /// A share of what is right, or a mean of such: more is better.
            case share
            /// A difference of two shares.
            case change
            /// A share of what is wrong: less is better.
            case error
        }

        /// What the suite calls the evaluation.
        public let evaluation: String
        /// What is measured there.
        public let task: SuiteEntry.Task
        /// What the figure is called.
        public let name: String
        /// Whether it stands for the evaluation where there is room for little.
        public let isLead: Bool
        /// What kind of number it is.
        public let kind: Kind
        /// The first model's.
        public let first: Interval
        /// The second model's.
        public let second: Interval
        /// second − first.
        public let difference: Double
        /// Of ``difference``, by bootstrap over samples that both judged; nil where it is not kept what each had right.
        public let differenceInterval: Interval?
        /// McNemar's exact two-sided p-value on the same samples; nil where it is not kept what each had right.
        public let pValue: Double?
        /// ``pValue`` with Bonferroni's correction: times the number of p-values here, 1 at most.
        public internal(set) var adjustedPValue: Double?

        /// Whether ``adjustedPValue`` is below ``SuiteComparison/level``; nil where there is none.
        public var isBeyondChance: Bool? { adjustedPValue.map { $0 < SuiteComparison.level } }
    }

    /// The chance of any false finding among all that is tested.
    public static let level = 0.05

    /// Whose figures come first.
    public let first: SuiteResults.Model
    /// Whose figures come second.
    public let second: SuiteResults.Model
    /// In the first suite's order.
    public let figures: [Figure]
    /// Evaluations that only the first has.
    public let onlyFirst: [String]
    /// Evaluations that only the second has.
    public let onlySecond: [String]
    /// Evaluations that both have, but as another task or on other data: their figures cannot be compared.
    public let otherData: [String]

    /// Evaluations of one name, task and data's fingerprint belong together.
    public init(_ first: SuiteResults, _ second: SuiteResults) {
        (self.first, self.second) = (first.model, second.model)
        var rest = second.entries
        var figures: [Figure] = []
        var unmatched: [SuiteResults.Entry] = []
        for entry in first.entries {
            guard let place = rest.firstIndex(where: { $0.isComparable(with: entry) }) else {
                unmatched.append(entry)
                continue
            }
            figures += Self.compared(entry, rest.remove(at: place))
        }
        let (names, others) = (unmatched.map(\.name), rest.map(\.name))
        otherData = names.filter(others.contains)
        onlyFirst = names.filter { !others.contains($0) }
        onlySecond = others.filter { !names.contains($0) }
        let tests = figures.count { $0.pValue != nil }
        self.figures = figures.map { figure in
            var figure = figure
            figure.adjustedPValue = figure.pValue.map { min(1, $0 * Double(tests)) }
            return figure
        }
    }

    /// How many differences were tested.
    public var testCount: Int { figures.count { $0.pValue != nil } }

    private static func compared(_ first: SuiteResults.Entry, _ second: SuiteResults.Entry) -> [Figure] {
        let others = second.mainFigures
        return first.mainFigures.compactMap { figure in
            others.first { $0.name == figure.name }.map { Self.compared(figure, $0, of: first) }
        }
    }

    private static func compared(_ first: MainFigure, _ second: MainFigure, of entry: SuiteResults.Entry) -> Figure {
        let isPaired = !first.marks.isEmpty && first.marks.count == second.marks.count
        let pairs = isPaired ? Array(zip(first.marks, second.marks)) : []
        return Figure(
            evaluation: entry.name, task: entry.task, name: first.name, isLead: first.isLead,
            kind: first.kind, first: first.interval,
            second: second.interval, difference: second.value - first.value,
            differenceInterval: isPaired
                ? Bootstrap().mean(of: pairs.map { ($1 ? 1.0 : 0) - ($0 ? 1.0 : 0) }) : nil,
            pValue: isPaired
                ? SignificanceTest.mcNemar(
                    onlyFirst: pairs.count { $0 && !$1 }, onlySecond: pairs.count { !$0 && $1 }) : nil,
            adjustedPValue: nil)
    }

    /// A page like a suite's.
    package func html() -> String { ComparisonReport(self).html() }

    /// A table of all figures, and what has no partner.
    package func markdown() -> String { ComparisonReport(self).markdown() }
}

extension SuiteResults.Entry {
    fileprivate func isComparable(with other: SuiteResults.Entry) -> Bool {
        name == other.name && task == other.task && data?.fingerprint == other.data?.fingerprint
    }
}
