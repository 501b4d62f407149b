import CLIP

/// What one held-out evaluation measured, and when.
@dynamicMemberLookup
public struct EvaluationRecord: Sendable, Equatable {
    /// Steps done.
    public let step: Int
    /// Epochs done.
    public let epoch: Int
    /// What was measured; its members are this record's own too.
    public let figures: HeldOutFigures

    public init(_ evaluation: HeldOutEvaluation, step: Int, epoch: Int) {
        self.init(HeldOutFigures(evaluation), step: step, epoch: epoch)
    }

    init(_ figures: HeldOutFigures, step: Int, epoch: Int) {
        self.figures = figures
        self.step = step
        self.epoch = epoch
    }

    /// The figures' members are the record's.
    public subscript<Value>(dynamicMember member: KeyPath<HeldOutFigures, Value>) -> Value { figures[keyPath: member] }

    /// What TensorBoard shows, by name.
    var scalars: [(tag: String, value: Double)] {
        var result: [(tag: String, value: Double)] = []
        for depth in RetrievalMetrics.depths {
            if let share = figures.imageToText[depth] { result.append(("evaluation/image_to_text_R@\(depth)", share)) }
            if let share = figures.textToImage[depth] { result.append(("evaluation/text_to_image_R@\(depth)", share)) }
        }
        if let zeroShot = figures.zeroShot {
            result.append(("evaluation/zero_shot_accuracy", zeroShot.accuracy))
        }
        return result
    }
}
