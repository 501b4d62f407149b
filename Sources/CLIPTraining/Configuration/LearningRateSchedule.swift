import Foundation

/// What the learning rate does after the warm-up.
public enum ScheduleShape: Sendable, Equatable, Codable {
    /// Half a cosine down to zero.
    case cosine
    /// The peak to the end.
    case constant
    /// The peak, and over the last steps down to a rate: (1 − e/E)^power of the way is left at step e of E.
    case constantWithCooldown(steps: Int, endRate: Double, power: Double)
}

/// The learning rate of each step: a linear rise, then a shape, as open_clip's `cosine_lr`, `const_lr` and
/// `const_lr_cooldown`.
public struct LearningRateSchedule: Sendable, Equatable {
    /// The rate at the warm-up's end, the highest of the run.
    public var peak: Double
    /// Steps of the linear rise; 0 begins at the peak.
    public var warmupSteps: Int
    /// Steps of the whole run, with the warm-up: where the cosine and the cool-down end.
    public var totalSteps: Int
    /// What follows the warm-up.
    public var shape: ScheduleShape

    public init(peak: Double, warmupSteps: Int, totalSteps: Int, shape: ScheduleShape = .cosine) {
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.shape = shape
    }

    /// The rate of step `step`, counted from 0: peak·(s+1)/w while warming up, then by the shape; for the cosine
    /// peak·½(1+cos πe/E).
    public func rate(at step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
        switch shape {
        case .cosine:
            let elapsed = Double(step - warmupSteps)
            let span = Double(max(1, totalSteps - warmupSteps))
            return 0.5 * (1 + cos(.pi * min(1, elapsed / span))) * peak
        case .constant: return peak
        case .constantWithCooldown(let steps, let endRate, let power):
            let elapsed = step - (totalSteps - steps)
            guard steps > 0, elapsed >= 0 else { return peak }
            let left = pow(max(0, 1 - Double(elapsed) / Double(steps)), power)
            return left * (peak - endRate) + endRate
        }
    }
}
