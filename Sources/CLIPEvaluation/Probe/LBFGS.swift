import Torch

/// Limited-memory BFGS (Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithms 7.4 and 7.5), with a line search
/// for the strong Wolfe conditions (algorithms 3.5 and 3.6).
struct LBFGS {
    /// Pairs of steps that are remembered.
    var memory = 10
    var mostIterations = 1000
    /// Ends where no element of the gradient is larger.
    var gradientTolerance = 1e-4
    /// Ends where a step lowers the value by no larger share.
    var valueTolerance = 64 * Double.ulpOfOne
    /// Multiplies by what is taken for the inverse Hessian, up to a factor, before any step is known; nil for the identity.
    var preconditioner: ((Tensor) throws -> Tensor)?

    /// Value and gradient, float64 `[P]`, at a place.
    struct Point {
        let place: Tensor
        let value: Double
        let gradient: Tensor

        func slope(along direction: Tensor) throws -> Double { try gradient.dot(direction).item() }
    }

    struct Outcome {
        let point: Point
        let iterations: Int
        /// False where the iterations were used up.
        let hasConverged: Bool
    }

    typealias Function = (_ place: Tensor) throws -> (value: Double, gradient: Tensor)

    /// - Parameters:
    ///   - start: float64 `[P]`.
    ///   - function: the value to minimize and its gradient, float64 `[P]`.
    func minimize(from start: Tensor, _ function: @escaping Function) throws -> Outcome {
        func point(_ place: Tensor) throws -> Point {
            let (value, gradient) = try function(place)
            return Point(place: place, value: value, gradient: gradient)
        }
        var current = try point(start)
        var pairs = Pairs(most: memory, preconditioner: preconditioner)
        for iteration in 0..<mostIterations {
            if try isFlat(current) { return Outcome(point: current, iterations: iteration, hasConverged: true) }
            var direction = try pairs.direction(against: current.gradient)
            var slope = try current.slope(along: direction)
            if slope >= 0 {
                // Rounding has spoilt what is remembered.
                pairs = Pairs(most: memory, preconditioner: preconditioner)
                direction = try pairs.direction(against: current.gradient)
                slope = try current.slope(along: direction)
            }
            let isScaled = preconditioner != nil || !pairs.isEmpty
            let first = isScaled ? 1 : min(1, 1 / (try current.gradient.absolute().sum().item()))
            let search = LineSearch(start: current, direction: direction, slope: slope, evaluate: point)
            guard let next = try search.run(from: first) else {
                return Outcome(point: current, iterations: iteration, hasConverged: true)
            }
            try pairs.add(next.place - current.place, next.gradient - current.gradient)
            let gain = current.value - next.value
            let scale = max(abs(current.value), abs(next.value), 1)
            current = next
            if gain <= valueTolerance * scale {
                return Outcome(point: current, iterations: iteration + 1, hasConverged: true)
            }
        }
        return Outcome(point: current, iterations: mostIterations, hasConverged: try isFlat(current))
    }

    private func isFlat(_ point: Point) throws -> Bool {
        try point.gradient.absolute().maximum(along: 0).item() <= gradientTolerance
    }

    /// Steps and what the gradient changed by, the newest last.
    private struct Pairs {
        let most: Int
        let preconditioner: ((Tensor) throws -> Tensor)?
        private var pairs: [(step: Tensor, change: Tensor, product: Double)] = []

        init(most: Int, preconditioner: ((Tensor) throws -> Tensor)?) {
            (self.most, self.preconditioner) = (most, preconditioner)
        }

        var isEmpty: Bool { pairs.isEmpty }

        mutating func add(_ step: Tensor, _ change: Tensor) throws {
            let product = try step.dot(change).item()
            // Without curvature along the step the approximation would lose its sign.
            guard product > 1e-300, product > 1e-12 * (try change.dot(change).item()) else { return }
            pairs.append((step, change, product))
            if pairs.count > most { pairs.removeFirst() }
        }

        /// −H∇f, by the two-loop recursion.
        func direction(against gradient: Tensor) throws -> Tensor {
            var direction = try gradient * -1
            var factors: [Double] = []
            for pair in pairs.reversed() {
                let factor = try pair.step.dot(direction).item() / pair.product
                direction = try direction - pair.change * factor
                factors.append(factor)
            }
            direction = try preconditioned(direction)
            if let last = pairs.last {
                let width = try last.change.dot(preconditioned(last.change)).item()
                direction = try direction * (last.product / width)
            }
            for (pair, factor) in zip(pairs, factors.reversed()) {
                let other = try pair.change.dot(direction).item() / pair.product
                direction = try direction + pair.step * (factor - other)
            }
            return direction
        }

        private func preconditioned(_ vector: Tensor) throws -> Tensor {
            guard let preconditioner else { return vector }
            return try preconditioner(vector)
        }
    }
}

/// Looks along a direction for a step that lowers the value enough and leaves little slope.
private struct LineSearch {
    let start: LBFGS.Point
    let direction: Tensor
    let slope: Double
    let evaluate: (Tensor) throws -> LBFGS.Point

    private static let decrease = 1e-4
    private static let curvature = 0.9
    private static let mostTrials = 30

    private struct Trial {
        let length: Double
        let point: LBFGS.Point
        let slope: Double
    }

    /// - Returns: nil where no step lowers the value: the place is as good as arithmetic can tell.
    func run(from first: Double) throws -> LBFGS.Point? {
        var before = Trial(length: 0, point: start, slope: slope)
        var length = first
        for number in 0..<Self.mostTrials {
            let trial = try trial(length)
            if !trial.point.value.isFinite {
                length = (before.length + length) / 2
                continue
            }
            if isTooHigh(trial) || number > 0 && trial.point.value >= before.point.value {
                return try narrowed(low: before, high: trial)
            }
            if abs(trial.slope) <= -Self.curvature * slope { return trial.point }
            if trial.slope >= 0 { return try narrowed(low: trial, high: before) }
            before = trial
            length *= 2
        }
        return before.length > 0 ? before.point : nil
    }

    private func trial(_ length: Double) throws -> Trial {
        let point = try evaluate(start.place + direction * length)
        return Trial(length: length, point: point, slope: try point.slope(along: direction))
    }

    private func isTooHigh(_ trial: Trial) -> Bool {
        trial.point.value > start.value + Self.decrease * trial.length * slope
    }

    /// Between two trials of which the first is the best so far and slopes towards the other.
    private func narrowed(low: Trial, high: Trial) throws -> LBFGS.Point? {
        var (low, high) = (low, high)
        for _ in 0..<Self.mostTrials {
            let trial = try trial(Self.between(low, high))
            if isTooHigh(trial) || !(trial.point.value < low.point.value) {
                high = trial
            } else {
                if abs(trial.slope) <= -Self.curvature * slope { return trial.point }
                if trial.slope * (high.length - low.length) >= 0 { high = low }
                low = trial
            }
            if abs(high.length - low.length) < 1e-12 * max(1, abs(low.length)) { break }
        }
        return low.length > 0 ? low.point : nil
    }

    /// The least place of the cubic through both values and slopes (3.59), kept off the ends.
    private static func between(_ low: Trial, _ high: Trial) -> Double {
        let width = high.length - low.length
        let middle = low.length + width / 2
        guard high.point.value.isFinite, high.slope.isFinite else { return middle }
        let first = low.slope + high.slope - 3 * (low.point.value - high.point.value) / (low.length - high.length)
        let root = first * first - low.slope * high.slope
        guard root >= 0 else { return middle }
        let second = root.squareRoot() * (width < 0 ? -1 : 1)
        let place = high.length - width * (high.slope + second - first) / (high.slope - low.slope + 2 * second)
        let ends = (low.length + 0.1 * width, low.length + 0.9 * width)
        return place.isFinite ? min(max(place, min(ends.0, ends.1)), max(ends.0, ends.1)) : middle
    }
}
