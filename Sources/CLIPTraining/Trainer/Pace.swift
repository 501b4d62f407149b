import Foundation

/// How fast a run goes, over its last steps.
final class Pace {
    private var stepsLeft: Int
    private var last: Double
    private var secondsPerStep: Double?
    private(set) var pairsPerSecond = 0.0

    init(stepsLeft: Int) {
        self.stepsLeft = stepsLeft
        last = ProcessInfo.processInfo.systemUptime
    }

    func stepDone(pairs: Int) {
        let now = ProcessInfo.processInfo.systemUptime
        let seconds = max(1e-9, now - last)
        last = now
        secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
        pairsPerSecond = Double(pairs) / seconds
        stepsLeft -= 1
    }

    var secondsLeft: Double { Double(max(0, stepsLeft)) * (secondsPerStep ?? 0) }
}
