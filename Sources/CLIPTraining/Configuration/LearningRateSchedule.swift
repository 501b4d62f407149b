import Foundation

/// A linear rise, then half a cosine down to zero, as open_clip's `cosine_lr`.
public struct LearningRateSchedule: Sendable, Equatable {
    public var peak: Double
    public var warmupSteps: Int
    public var totalSteps: Int

    public init(peak: Double, warmupSteps: Int, totalSteps: Int) {
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// The rate of step `step`, counted from 0: peak·(s+1)/w while warming up, then peak·½(1+cos πe/E).
    public func rate(at step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
        let elapsed = Double(step - warmupSteps)
        let span = Double(max(1, totalSteps - warmupSteps))
        return 0.5 * (1 + cos(.pi * min(1, elapsed / span))) * peak
    }
}
