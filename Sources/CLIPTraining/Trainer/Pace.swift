import Foundation

/// How fast a run goes, over its last steps.
package final class Pace {
    private var stepsLeft: Int
    private var last: Double
    private var secondsPerStep: Double?
    package private(set) var pairsPerSecond = 0.0
    /// How long the last step took, its waiting included.
    package private(set) var stepSeconds = 0.0
    private var secondsWaited = 0.0
    /// The share of the last step's time in which it waited for its pairs.
    private(set) var waitShare = 0.0

    init(stepsLeft: Int) {
        self.stepsLeft = stepsLeft
        last = ProcessInfo.processInfo.systemUptime
    }

    /// What was done since the last step, such as an evaluation, is not the next one's.
    package func begin() {
        last = ProcessInfo.processInfo.systemUptime
        secondsWaited = 0
    }

    package func stepDone(pairs: Int) {
        let now = ProcessInfo.processInfo.systemUptime
        let seconds = max(1e-9, now - last)
        last = now
        stepSeconds = seconds
        waitShare = min(1, secondsWaited / seconds)
        secondsWaited = 0
        secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
        pairsPerSecond = Double(pairs) / seconds
        stepsLeft -= 1
    }

    /// Counts the time `body` takes as waiting.
    func waiting<R>(_ body: () throws -> R) rethrows -> R {
        let start = ProcessInfo.processInfo.systemUptime
        defer { secondsWaited += ProcessInfo.processInfo.systemUptime - start }
        return try body()
    }

    var secondsLeft: Double { Double(max(0, stepsLeft)) * (secondsPerStep ?? 0) }
}
