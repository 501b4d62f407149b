import Foundation
import Torch

/// One caption for each picture, each token chosen as it comes: the likeliest, or drawn from the likeliest.
struct StepwiseSearch {
    let rules: ScoreRules

    func captions(
        _ given: CaptionWriter, start: [Int32], using generator: inout some RandomNumberGenerator
    ) throws -> [[Int32]] {
        var writer = given
        let options = rules.options
        var captions = Array(repeating: start, count: writer.rows.count)
        for token in start.dropLast() { _ = try writer.append(Array(repeating: token, count: captions.count)) }
        while (captions.first?.count ?? .max) < options.maximumLength {
            let last = captions.compactMap(\.last)
            if last.allSatisfy(rules.ends) { break }
            // The last place is end-of-text's, whatever the scores.
            if captions[0].count + 1 == options.maximumLength {
                for row in captions.indices where !rules.ends(last[row]) { captions[row].append(options.endToken) }
                break
            }
            let scores = try writer.append(last)
            let values = try rules.applied(to: scores, captions: captions)
            let vocabulary = scores.shape[1]
            for row in captions.indices {
                let own = values[row * vocabulary..<(row + 1) * vocabulary]
                captions[row].append(rules.ends(last[row]) ? rules.padToken : choose(from: own, using: &generator))
            }
        }
        return captions.map(trimmed)
    }

    /// Without the padding that followed the end.
    private func trimmed(_ caption: [Int32]) -> [Int32] {
        guard let end = caption.firstIndex(of: rules.options.endToken) else {
            return Array(caption.prefix(1 + (caption.lastIndex { $0 != rules.padToken } ?? 0)))
        }
        return Array(caption.prefix(end + 1))
    }

    private func choose(from scores: ArraySlice<Float>, using generator: inout some RandomNumberGenerator) -> Int32 {
        let first = scores.startIndex
        guard case .sampling(let topK, let temperature) = rules.options.search else {
            return Int32((scores.indices.max { scores[$0] < scores[$1] } ?? first) - first)
        }
        let likeliest = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(topK)
        let highest = Double(scores[likeliest.first ?? first])
        let weights = likeliest.map { exp((Double(scores[$0]) - highest) / temperature) }
        var rest = Double.random(in: 0..<1, using: &generator) * weights.reduce(0, +)
        for (index, weight) in zip(likeliest, weights) {
            rest -= weight
            if rest < 0 { return Int32(index - first) }
        }
        return Int32((likeliest.last ?? first) - first)
    }
}
