import Testing

@testable import CLIPCommandLine

/// What a long run tells of itself.
@Suite struct EmbeddingProgressTests {
    @Test func theRateIsThatOfTheLastHalfMinute() {
        var progress = EmbeddingProgress(done: 20_000, of: 100_000, leftOut: 3, at: 1000)
        #expect(
            progress.line(adding: 500, leftOut: 0, at: 1010)
                == "20,500/100,000 pictures  50.0 pictures/s  26:30 left  3 left out")
        // What was slow is forgotten.
        for second in 1...40 { _ = progress.line(adding: 100, leftOut: 0, at: 1010 + Double(second)) }
        #expect(
            progress.line(adding: 100, leftOut: 1, at: 1051)
                == "24,600/100,000 pictures  100.0 pictures/s  12:34 left  4 left out")
    }

    @Test func aListThatDoesNotSayHasNoTimeLeft() {
        var progress = EmbeddingProgress(done: 0, of: nil, leftOut: 0, at: 0)
        #expect(progress.line(adding: 64, leftOut: 0, at: 2) == "64 pictures  32.0 pictures/s")
        #expect(progress.line(adding: 0, leftOut: 0, at: 2) == "64 pictures  32.0 pictures/s")
    }
}
