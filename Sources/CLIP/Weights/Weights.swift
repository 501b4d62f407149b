import Torch
import TorchNN

/// Loads and saves a model's parameters under a layout's names.
public enum Weights {
    /// Replaces all parameters and buffers by a file's, converted to the model's element type.
    ///
    /// Strict: every missing, unexpected and mis-shaped entry is reported at once, in the file's own names, and the
    /// model is left as it was.
    /// - Throws: ``CLIPError/weightsMismatch(path:model:_:)``, ``CLIPError/nonFiniteWeights(path:key:)``, or
    ///   `SafetensorsError`.
    public static func load(_ path: String, into model: DualEncoder, called name: String) throws {
        let checkpoint = try Checkpoint(path: path)
        let source = WeightsSource(
            checkpoint: checkpoint, layout: try ParameterLayout.detected(in: checkpoint),
            configuration: model.configuration, resamplesPositions: false)
        try load(source, into: model, called: name)
    }

    /// - Returns: the weights under the model's own names, each as it was stored.
    @discardableResult
    static func load(_ source: WeightsSource, into model: DualEncoder, called name: String) throws -> [String: Tensor] {
        let path = source.checkpoint.path
        let translation = StateTranslation(layout: source.layout)
        let shapes = model.stateShapes
        let (state, foreign) = try source.moduleState(shapes: shapes)
        do {
            if !foreign.isEmpty { throw mismatch(model, shapes: shapes, state: state, foreign: foreign) }
            for (key, tensor) in state {
                guard try tensor.isAllFinite() else {
                    throw CLIPError.nonFiniteWeights(path: path, key: translation.checkpointName(of: key))
                }
                // Else a whole file would be in memory before the first matrix is packed.
                tensor.releaseFilePages()
            }
            try model.load(state)
            return state
        } catch let mismatch as StateMismatch {
            let renamed = mismatch.renamed { translation.checkpointName(of: $0) }
            throw CLIPError.weightsMismatch(path: path, model: name, renamed)
        }
    }

    /// Names a layout does not know are unexpected, beside whatever else does not fit.
    private static func mismatch(
        _ model: DualEncoder, shapes: [String: [Int]], state: [String: Tensor], foreign: [String]
    ) -> StateMismatch {
        let optional = model.optionalNames
        return StateMismatch(
            missing: shapes.keys.filter { state[$0] == nil && !optional.contains($0) }.sorted(),
            unexpected: (foreign + state.keys.filter { shapes[$0] == nil }).sorted(),
            misshaped: [])
    }

    /// Writes all parameters and buffers under a layout's names.
    /// - Parameters:
    ///   - model: the model.
    ///   - path: the file to write.
    ///   - dtype: what parameters are stored as; nil stores them as they are. Buffers (running statistics, counters)
    ///     are always stored as they are.
    public static func save(_ model: DualEncoder, to path: String, dtype: DType? = nil) throws {
        let layout = try model.configuration.openCLIPLayout()
        var state = try model.state()
        if let dtype {
            for (name, parameter) in model.namedParameters {
                state[name] = try parameter.tensor.detached().converted(to: dtype)
            }
        }
        try TensorFile.write(StateTranslation(layout: layout).checkpointState(state), to: path)
    }
}
