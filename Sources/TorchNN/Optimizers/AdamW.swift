import Torch

/// Adam with weight decay applied to the weights themselves (Loshchilov and Hutter, arXiv 1711.05101), as PyTorch's
/// `torch.optim.AdamW`, through libtorch's fused operator.
public final class AdamW: ParameterOptimizer {
    /// Parameters that share a weight decay and a share of the learning rate.
    public struct Group {
        /// The parameters' names in their module.
        public let names: [String]
        /// In the order of `names`.
        public let parameters: [Parameter]
        /// The share of a weight taken off at each step, times the learning rate.
        public let weightDecay: Double
        /// What a step's learning rate is multiplied by.
        public let learningRateFactor: Double

        /// A group with a decay and a factor of its own.
        public init(
            _ named: [(name: String, parameter: Parameter)], weightDecay: Double, learningRateFactor: Double = 1
        ) {
            self.learningRateFactor = learningRateFactor
            names = named.map(\.name)
            parameters = named.map(\.parameter)
            self.weightDecay = weightDecay
        }

        /// The same group with some of its parameters only.
        /// - Parameter isKept: for each parameter, in order.
        public func filtered(_ isKept: [Bool]) -> Group {
            let kept = zip(zip(names, parameters), isKept).filter(\.1).map { (name: $0.0.0, parameter: $0.0.1) }
            return Group(kept, weightDecay: weightDecay, learningRateFactor: learningRateFactor)
        }
    }

    /// Running means of a parameter's gradient and its square, and the number of steps taken (a scalar).
    private struct Moments {
        var first: Tensor
        var second: Tensor
        var step: Tensor
    }

    /// What is optimized.
    public let groups: [Group]
    /// The share of the old mean gradient that is kept.
    public let beta1: Double
    /// The share of the old mean square that is kept.
    public let beta2: Double
    /// Added to the root of the mean square.
    public let epsilon: Double
    private var moments: [String: Moments] = [:]

    /// Moments and step counts of zero, on each parameter's device. The defaults are CLIP's for ViTs (arXiv
    /// 2103.00020, appendix F).
    public init(_ groups: [Group], beta1: Double = 0.9, beta2: Double = 0.98, epsilon: Double = 1e-6) throws {
        self.groups = groups
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        for group in groups {
            for (name, parameter) in zip(group.names, group.parameters) {
                let values = try parameter.tensor.detached()
                moments[name] = Moments(
                    first: try values.zerosLike(), second: try values.zerosLike(),
                    step: try Tensor.zeros([], device: values.device))
            }
        }
    }

    /// Every gradient there is, in the order of the groups.
    public func gradients() throws -> [Tensor] {
        try groups.flatMap(\.parameters).compactMap { try $0.tensor.gradient() }
    }

    /// Drops every gradient there is, before the next batch's.
    public func clearGradients() throws {
        for parameter in groups.flatMap(\.parameters) { try parameter.tensor.setGradient(nil) }
    }

    /// Moves every parameter that has a gradient, groups with their own decay and factor.
    public func step(learningRate: Double, gradientFactor: Double) throws {
        for group in groups {
            var parameters: [Tensor] = []
            var gradients: [Tensor] = []
            var active: [Moments] = []
            for (name, parameter) in zip(group.names, group.parameters) {
                guard let gradient = try parameter.tensor.gradient(), let moment = moments[name] else { continue }
                parameters.append(try parameter.tensor.detached())
                gradients.append(gradient)
                active.append(moment)
            }
            guard !parameters.isEmpty else { continue }
            try Engine.withoutGradients {
                try Tensor.addInPlace(active.map(\.step), 1)
                try Tensor.adamWInPlace(
                    parameters: parameters, gradients: gradients, firstMoments: active.map(\.first),
                    secondMoments: active.map(\.second), steps: active.map(\.step), gradientFactor: gradientFactor,
                    learningRate: learningRate * group.learningRateFactor,
                    beta1: beta1, beta2: beta2, weightDecay: group.weightDecay, epsilon: epsilon)
            }
        }
    }

    /// The moments and step counts by name, for a checkpoint.
    public func state() -> [String: Tensor] {
        var state: [String: Tensor] = [:]
        for (name, moment) in moments {
            state["first.\(name)"] = moment.first
            state["second.\(name)"] = moment.second
            state["step.\(name)"] = moment.step
        }
        return state
    }

    /// Takes back what ``state()`` gave.
    /// - Throws: ``StateMismatch`` naming everything that does not fit.
    public func load(_ state: [String: Tensor]) throws { try StateMismatch.copy(state, into: self.state()) }
}
