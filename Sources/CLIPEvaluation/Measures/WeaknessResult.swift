import CLIP
import CLIPData
import Foundation
import Imaging
import Torch

/// What contrastive models are known to be weak at, each figure beside chance.
public struct WeaknessResult: Sendable, Equatable, Codable {
    /// One probe.
    public struct Probe: Sendable, Equatable, Codable {
        /// What is probed: `counting`, `word_order_all` and the like.
        public let name: String
        /// For people.
        public let title: String
        /// How often the right one comes first.
        public let accuracy: Interval
        /// What guessing gives.
        public let chance: Double
        /// Questions.
        public let count: Int
    }

    /// Accuracy on pictures that were made smaller first.
    public struct Resolution: Sendable, Equatable, Codable {
        /// The shortest side, in pixels.
        public let side: Int
        /// As the set is measured.
        public let accuracy: Interval
    }

    /// By what the tool draws, and by a set's captions.
    public let probes: [Probe]
    /// Two pictures and two captions of the same words (arXiv 2204.03162).
    public let winoground: WinogroundScores
    /// By size; empty for a set without classes and captions.
    public let resolutions: [Resolution]
    /// By group; nil where no groups are told.
    public let groups: GroupReport?
}

/// What is probed.
public struct Weakness: Sendable {
    /// Questions of each drawn probe.
    public var count = 120
    /// Pixels of a drawn picture.
    public var side = 224
    /// Samples of the set for probes that encode it anew.
    public var sample = 500
    /// People's own pairs of pictures and captions (see `WinogroundFile`); nil for drawn ones.
    public var winogroundFile: String?
    /// Each sample's group, by its key or file name.
    public var groups: [String: String] = [:]
    /// Draws everything.
    public var seed: UInt64 = 0

    /// 120 questions, 224 pixels.
    public init() {}
}

extension Evaluator {
    /// - Parameters:
    ///   - set: its captions and classes are probed too; nil for what the tool draws alone.
    ///   - progress: told what is probed next.
    public func weakness(
        _ weakness: Weakness, set: EvaluationSet?, prompts: ClassPrompts?, progress: (String) -> Void = { _ in }
    ) throws -> WeaknessResult {
        var probes: [WeaknessResult.Probe] = []
        for kind in DrawnProbe.allCases {
            progress(kind.title)
            probes.append(try drawn(kind, weakness))
        }
        progress("pairs of pictures and captions")
        let winoground = try winoground(weakness)
        var resolutions: [WeaknessResult.Resolution] = []
        var groups: GroupReport?
        if let set {
            let whole = try embedded(set)
            progress("captions in another order")
            probes += try captions(whole, weakness)
            if let measure = try measure(of: whole, prompts) {
                let sample = try set.sampled(weakness.sample, seed: weakness.seed)
                for side in ResolutionProbe.sides {
                    progress("\(side) pixels")
                    let lowered = try embedded(
                        sample,
                        change: Change("at most \(side) pixels") { picture, _ in
                            try ResolutionProbe.lowered(picture, to: side)
                        })
                    let isRight = try measure(lowered).isRight
                    resolutions.append(
                        WeaknessResult.Resolution(
                            side: side, accuracy: .wilson(isRight.count { $0 }, of: isRight.count)))
                }
                groups = try report(whole, weakness.groups, measure)
            }
        }
        return WeaknessResult(probes: probes, winoground: winoground, resolutions: resolutions, groups: groups)
    }

    // MARK: Drawn

    private func drawn(_ kind: DrawnProbe, _ weakness: Weakness) throws -> WeaknessResult.Probe {
        let items = try kind.items(count: weakness.count, side: weakness.side, seed: weakness.seed)
        let pictures = try clip.vectors(pictures: items.map(\.picture))
        let texts = try vectors(of: items.flatMap(\.choices))
        var start = 0
        let right = try items.enumerated().count { place, item in
            defer { start += item.choices.count }
            let scores = try Engine.inference {
                try texts.slice(start..<start + item.choices.count).matmul(pictures.select(place).unsqueezed(1))
            }.elements(Float.self)
            return Self.isFirst(item.answer, scores)
        }
        return WeaknessResult.Probe(
            name: kind.rawValue, title: kind.title, accuracy: .wilson(right, of: items.count), chance: kind.chance,
            count: items.count)
    }

    /// Whether a score is above all others: of equal ones none is.
    private static func isFirst(_ answer: Int, _ scores: [Float]) -> Bool {
        scores.indices.allSatisfy { $0 == answer || scores[$0] < scores[answer] }
    }

    private func winoground(_ weakness: Weakness) throws -> WinogroundScores {
        let items =
            try weakness.winogroundFile.map { try WinogroundFile.items(path: $0) }
            ?? WinogroundItem.items(count: weakness.count, side: weakness.side, seed: weakness.seed)
        let pictures = try clip.vectors(
            pictures: items.flatMap { item in
                try item.pictures.map { sample in
                    guard let picture = try sample.pictures().first else {
                        throw EvaluationError.samples(name: sample.key, problem: "it holds no picture")
                    }
                    return picture
                }
            })
        let texts = try vectors(of: items.flatMap(\.captions))
        let similarities = try items.indices.map { place in
            let range = 2 * place..<2 * place + 2
            let scores = try Engine.inference {
                try pictures.slice(range).matmul(texts.slice(range).transposed())
            }.elements(Float.self).map { Double($0) }
            return [[scores[0], scores[1]], [scores[2], scores[3]]]
        }
        return try WinogroundScores(similarities: similarities)
    }

    // MARK: Of a set

    /// Captions against the same words in another order, and against the most similar caption of another picture.
    private func captions(_ set: EmbeddedSet, _ weakness: Weakness) throws -> [WeaknessResult.Probe] {
        var generator = SplitMix64(seed: weakness.seed)
        let all = set.samples.indices.filter { !set.samples[$0].captions.isEmpty }
        guard all.count > 1 else { return [] }
        let places = Array(all.shuffled(using: &generator).prefix(4 * weakness.sample)).sorted()
        let captions = places.map { set.samples[$0].captions[0] }
        let texts = try vectors(of: captions)
        let pictures = try Engine.inference { try set.vectors.rows(Tensor(places.map(Int64.init))) }
        let own = try Self.products(pictures, texts)
        var probes: [WeaknessResult.Probe] = []
        for order in WordOrder.Order.allCases {
            let changed = captions.enumerated().compactMap { place, caption in
                WordOrder.shuffled(caption, order: order, seed: SplitMix64.seed(weakness.seed, UInt64(place)))
                    .map { (place, $0) }
            }
            guard !changed.isEmpty else { continue }
            let rows = try Tensor(changed.map { Int64($0.0) })
            let others = try Self.products(
                Engine.inference { try pictures.rows(rows) }, vectors(of: changed.map(\.1)))
            let right = zip(changed, others).count { own[$0.0] > $1 }
            probes.append(
                WeaknessResult.Probe(
                    name: "word_order_\(order.rawValue)", title: "its caption against \(Self.title(order))",
                    accuracy: .wilson(right, of: changed.count), chance: 0.5, count: changed.count))
        }
        probes.append(try fineGrained(pictures, texts, own, captions))
        return probes
    }

    private static func title(_ order: WordOrder.Order) -> String {
        switch order {
        case .all: "its words in any other order"
        case .neighbors: "neighbouring words exchanged"
        case .reversed: "its words backwards"
        }
    }

    /// The caption that is most like a picture's own, in other words.
    private func fineGrained(
        _ pictures: Tensor, _ texts: Tensor, _ own: [Float], _ captions: [String]
    ) throws -> WeaknessResult.Probe {
        let count = captions.count
        let alike: [Float] = try Engine.inference { try texts.matmul(texts.transposed()) }.elements()
        let nearest: [Int] = (0..<count).map { row in
            var best = row
            for other in 0..<count where captions[other] != captions[row] {
                if best == row || alike[row * count + other] > alike[row * count + best] { best = other }
            }
            return best
        }
        let others = try Self.products(
            pictures, Engine.inference { try texts.rows(Tensor(nearest.map(Int64.init))) })
        let judged = (0..<count).filter { nearest[$0] != $0 }
        return WeaknessResult.Probe(
            name: "fine_grained", title: "its caption against the most similar other one",
            accuracy: .wilson(judged.count { own[$0] > others[$0] }, of: judged.count), chance: 0.5, count: judged.count
        )
    }

    /// Row for row.
    private static func products(_ left: Tensor, _ right: Tensor) throws -> [Float] {
        try Engine.inference { try (left * right).sum(along: 1) }.elements(Float.self)
    }

    private typealias Measure = (EmbeddedSet) throws -> (isRight: [Bool], scores: [Double])

    /// Zero-shot where there are classes, first captions where there are none; nil where there is neither.
    private func measure(of set: EmbeddedSet, _ prompts: ClassPrompts?) throws -> Measure? {
        if set.classNames.count > 1, !set.isMultiLabel {
            let asked = prompts ?? ClassPrompts(names: set.classNames)
            let classes = try classVectors(asked)
            return { all in
                let set = try all.labelled()
                let labels = try set.labels()
                let scores = try Engine.inference { try set.vectors.matmul(classes.transposed()) }
                let answers = try ClassificationResult.answers(scores, name: set.name)
                let values = try scores.elements(Float.self)
                let own = labels.enumerated().map { Double(values[$0.offset * classes.shape[0] + $0.element]) }
                return (zip(answers, labels).map { $0[0] == $1 }, own)
            }
        }
        guard set.samples.allSatisfy({ !$0.captions.isEmpty }) else { return nil }
        return { set in
            let texts = try vectors(of: set.samples.map { $0.captions[0] })
            let ranks = try RetrievalRanks.best(
                queries: set.vectors, answers: texts, right: set.samples.indices.map { [$0] })
            return (ranks.map { $0 < 1 }, try Self.products(set.vectors, texts).map(Double.init))
        }
    }

    private func report(_ set: EmbeddedSet, _ groups: [String: String], _ measure: Measure) throws -> GroupReport? {
        guard !groups.isEmpty else { return nil }
        let names = set.samples.map { sample in
            sample.group ?? groups[sample.key] ?? groups[URL(fileURLWithPath: sample.key).lastPathComponent]
        }
        let known = names.indices.filter { names[$0] != nil }
        guard !known.isEmpty else {
            throw EvaluationError.samples(name: set.name, problem: "none of its pictures is among those with a group")
        }
        let isByClass = set.classNames.count > 1 && !set.isMultiLabel
        let kept = isByClass ? known.filter { !set.samples[$0].classes.isEmpty } : known
        let judged = try measure(set.selecting(kept))
        return try GroupReport(
            isRight: judged.isRight, scores: judged.scores, groups: kept.compactMap { names[$0] })
    }
}
