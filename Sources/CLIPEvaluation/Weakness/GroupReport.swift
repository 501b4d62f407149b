/// How well a model does on groups of samples, such as pictures of people of different ages: what a bias would show in
/// (arXiv 2103.00020, section 7.1).
public struct GroupReport: Sendable, Equatable, Codable {
    /// The samples of one group.
    public struct Group: Sendable, Equatable, Codable {
        /// What the group is called.
        public let name: String
        /// Samples.
        public let count: Int
        /// The share that is right, with Wilson's interval.
        public let accuracy: Interval
        /// The mean score.
        public let meanScore: Double
        /// The scores' first quartile, median and third quartile, between the nearest two.
        public let quartiles: [Double]
    }

    /// How far apart the accuracies of two groups are.
    public struct Difference: Sendable, Equatable, Codable {
        /// The group with the highest accuracy.
        public let higher: String
        /// The group with the lowest.
        public let lower: String
        /// The higher accuracy without the lower, with a bootstrap interval: where that holds 0 the difference may be chance.
        /// Of many groups the farthest two were picked, and the interval does not know of that.
        public let accuracy: Interval
    }

    /// By name.
    public let groups: [Group]
    /// Between the best and the worst group; nil where there is but one.
    public let largestDifference: Difference?

    /// - Parameters:
    ///   - isRight: whether the model had each sample right.
    ///   - scores: a score of each, such as the similarity with the right text.
    ///   - groups: the group of each.
    ///   - bootstrap: how the difference's interval is made.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` for none or numbers that differ,
    ///   ``EvaluationError/notFinite(name:)``.
    public init(isRight: [Bool], scores: [Double], groups: [String], bootstrap: Bootstrap = .init()) throws {
        let name = "the groups"
        guard !groups.isEmpty else { throw EvaluationError.samples(name: name, problem: "there are no samples") }
        guard isRight.count == groups.count, scores.count == groups.count else {
            throw EvaluationError.samples(
                name: name,
                problem: "\(isRight.count) answers, \(scores.count) scores and \(groups.count) groups are not of "
                    + "the same samples")
        }
        guard scores.allSatisfy(\.isFinite) else { throw EvaluationError.notFinite(name: name) }
        let members = Dictionary(grouping: groups.indices) { groups[$0] }
        self.groups = members.sorted { $0.key < $1.key }.map { name, places in
            let sorted = places.map { scores[$0] }.sorted()
            return Group(
                name: name, count: places.count,
                accuracy: .wilson(places.count { isRight[$0] }, of: places.count),
                meanScore: sorted.reduce(0, +) / Double(sorted.count),
                quartiles: [0.25, 0.5, 0.75].map { Bootstrap.quantile(sorted, $0) })
        }
        // Of equal accuracies the first by name counts as the higher.
        let ranked = self.groups.enumerated().sorted {
            ($1.element.accuracy.value, $0.offset) < ($0.element.accuracy.value, $1.offset)
        }.map(\.element)
        guard let higher = ranked.first, let lower = ranked.last, ranked.count > 1 else {
            largestDifference = nil
            return
        }
        let answers = [higher, lower].map { group in (members[group.name] ?? []).map { isRight[$0] } }
        largestDifference = Difference(
            higher: higher.name, lower: lower.name, accuracy: Self.difference(answers[0], answers[1], bootstrap))
    }

    private static func difference(_ first: [Bool], _ second: [Bool], _ bootstrap: Bootstrap) -> Interval {
        let all = first + second
        let observed = [first, second].map { Double($0.count { $0 }) / Double($0.count) }
        return bootstrap.statistic(count: all.count) { drawn in
            var counts = [0, 0]
            var right = [0, 0]
            for place in drawn {
                let group = place < first.count ? 0 : 1
                counts[group] += 1
                if all[place] { right[group] += 1 }
            }
            // A group of a few samples may not be drawn at all; then nothing is known beyond what was measured.
            let shares = (0..<2).map { counts[$0] == 0 ? observed[$0] : Double(right[$0]) / Double(counts[$0]) }
            return shares[0] - shares[1]
        }
    }
}
