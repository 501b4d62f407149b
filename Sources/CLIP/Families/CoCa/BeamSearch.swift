import Torch

/// Several captions of each picture side by side, of which the best is kept: the search of transformers' `BeamSearchScorer`
/// (length penalty 1, no early stopping), which open_clip uses.
struct BeamSearch {
    let rules: ScoreRules
    let beamCount: Int

    /// One picture's search.
    private struct Beams {
        var finished = FinishedCaptions()
        var isDone = false
        /// What each unfinished caption adds up to.
        var sums: [Float]
    }

    func captions(_ given: CaptionWriter, start: [Int32]) throws -> [[Int32]] {
        var writer = given
        let options = rules.options
        let rowCount = writer.rows.count
        // All beams are alike at first: only the first may go on, so that the others take its next best.
        let sums = [0] + Array(repeating: Float(-1e9), count: beamCount - 1)
        var pictures = Array(repeating: Beams(sums: sums), count: rowCount / beamCount)
        for token in start.dropLast() { _ = try writer.append(Array(repeating: token, count: rowCount)) }
        var next = Array(repeating: start[start.count - 1], count: rowCount)
        var captions = Array(repeating: start, count: rowCount)
        while !pictures.isEmpty {
            let scores = try writer.append(next)
            let best = try continuations(of: captions, scores: scores, sums: pictures.flatMap(\.sums))
            var sources = Array(captions.indices)
            for picture in pictures.indices {
                let first = picture * beamCount
                guard !pictures[picture].isDone else {
                    for row in first..<first + beamCount { next[row] = options.endToken }
                    continue
                }
                let chosen = advance(&pictures[picture], by: best[picture]) { captions[first + $0] }
                for (beam, continuation) in chosen.enumerated() {
                    sources[first + beam] = first + continuation.beam
                    next[first + beam] = continuation.token
                    pictures[picture].sums[beam] = continuation.sum
                }
            }
            try writer.keep(sources)
            captions = zip(sources, next).map { captions[$0] + [$1] }
            if captions[0].count >= options.maximumLength || pictures.allSatisfy(\.isDone) { break }
        }
        return pictures.indices.map { picture in
            var beams = pictures[picture]
            if !beams.isDone {
                for beam in 0..<beamCount {
                    beams.finished.add(captions[picture * beamCount + beam], sum: beams.sums[beam], limit: beamCount)
                }
            }
            let caption = beams.finished.best
            return caption.count < options.maximumLength ? caption + [options.endToken] : caption
        }
    }

    /// One more token after one of a picture's beams.
    private struct Continuation {
        let beam: Int
        let token: Int32
        let sum: Float
    }

    /// For each picture its best continuations, best first: twice as many as beams, so that enough are left when all
    /// beams end.
    private func continuations(of captions: [[Int32]], scores: Tensor, sums: [Float]) throws -> [[Continuation]] {
        var scores = scores
        if case .beams(_, .logProbabilities) = rules.options.search { scores = try scores.logSoftmax(along: 1) }
        let vocabulary = scores.shape[1]
        let values = try Tensor(rules.applied(to: scores, captions: captions), shape: scores.shape)
        let totals = try values + Tensor(sums, shape: [sums.count, 1])
        let best = try totals.reshaped([-1, beamCount * vocabulary]).largest(2 * beamCount, along: 1)
        let (found, places) = (try best.values.elements(Float.self), try best.indices.elements(Int64.self))
        return stride(from: 0, to: found.count, by: 2 * beamCount).map { first in
            (first..<first + 2 * beamCount).map { index in
                let (beam, token) = Int(places[index]).quotientAndRemainder(dividingBy: vocabulary)
                return Continuation(beam: beam, token: Int32(token), sum: found[index])
            }
        }
    }

    /// Takes a picture's best continuations: captions that end are put aside, others go on.
    private func advance(
        _ beams: inout Beams, by best: [Continuation], caption: (Int) -> [Int32]
    ) -> [Continuation] {
        var chosen: [Continuation] = []
        for (rank, continuation) in best.enumerated() {
            if continuation.token == rules.options.endToken {
                if rank < beamCount {
                    let whole = caption(continuation.beam)
                    beams.finished.add(whole, sum: continuation.sum, length: whole.count + 1, limit: beamCount)
                }
            } else {
                chosen.append(continuation)
            }
            if chosen.count == beamCount { break }
        }
        let length = caption(0).count + 1
        let attainable = best.first.map { Double($0.sum) / Double(length) } ?? -.infinity
        beams.isDone = beams.finished.count >= beamCount && beams.finished.worst >= attainable
        return chosen
    }
}

/// The best captions that have ended, by the mean score of a token.
private struct FinishedCaptions {
    private var captions: [(score: Double, caption: [Int32])] = []

    var count: Int { captions.count }
    var worst: Double { captions.map(\.score).min() ?? .infinity }

    /// The last of equals, as a stable sort leaves it.
    var best: [Int32] { captions.reversed().max { $0.score < $1.score }?.caption ?? [] }

    mutating func add(_ caption: [Int32], sum: Float, length: Int? = nil, limit: Int) {
        let score = Double(sum) / Double(max(1, length ?? caption.count))
        guard captions.count < limit || score > worst else { return }
        captions.append((score, caption))
        if captions.count > limit, let least = captions.indices.min(by: { captions[$0].score < captions[$1].score }) {
            captions.remove(at: least)
        }
    }
}
