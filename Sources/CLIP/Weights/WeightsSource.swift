import Torch
import TorchNN

/// A checkpoint, and how it becomes a model's parameters.
public struct WeightsSource: Sendable {
    let checkpoint: Checkpoint
    let layout: ParameterLayout
    /// The shape of the model it is for.
    let configuration: ModelConfiguration
    /// Whether position embeddings are resampled to that shape.
    let resamplesPositions: Bool

    /// What tells its files from others without reading them; nil where nothing does.
    var stamp: String? { checkpoint.stamp }

    /// The checkpoint's entries under the model's own names, and those that belong to none.
    func moduleState(shapes: [String: [Int]]) throws -> (state: [String: Tensor], foreign: [String]) {
        var (state, foreign) = try StateTranslation(layout: layout).moduleState(checkpoint.tensors, shapes: shapes)
        if resamplesPositions { state = try PositionInterpolation.fit(state, to: configuration) }
        return (state, foreign)
    }
}
