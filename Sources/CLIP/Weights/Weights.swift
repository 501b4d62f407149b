import Torch
import TorchNN

/// Loads and saves a model's parameters under a layout's names.
public enum Weights {
    /// Replaces all parameters by a file's, converted to the model's element type.
    ///
    /// Strict: every missing, unexpected and mis-shaped entry is reported at once, in the file's own names, and the
    /// model is left as it was.
    /// - Throws: ``CLIPError/weightsMismatch(path:model:_:)``, ``CLIPError/nonFiniteWeights(path:key:)``, or
    ///   `SafetensorsError`.
    public static func load(_ path: String, into model: DualEncoder, called name: String) throws {
        try load(TensorFile.read(path), from: path, into: model, called: name, layout: .openCLIP)
    }

    static func load(
        _ entries: [String: Tensor], from path: String, into model: DualEncoder, called name: String,
        layout: ParameterLayout
    ) throws {
        let translation = StateTranslation(layout: layout)
        let shapes = Dictionary(uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.parameter.shape) })
        let (state, foreign) = try translation.moduleState(entries, shapes: shapes)
        do {
            if !foreign.isEmpty { throw mismatch(shapes: shapes, state: state, foreign: foreign) }
            for (key, tensor) in state where try !tensor.isFinite().allTrue() {
                throw CLIPError.nonFiniteWeights(path: path, key: translation.checkpointName(of: key))
            }
            try model.load(state)
        } catch let mismatch as StateMismatch {
            let renamed = mismatch.renamed { translation.checkpointName(of: $0) }
            throw CLIPError.weightsMismatch(path: path, model: name, renamed)
        }
    }

    /// Names a layout does not know are unexpected, beside whatever else does not fit.
    private static func mismatch(
        shapes: [String: [Int]], state: [String: Tensor], foreign: [String]
    ) -> StateMismatch {
        StateMismatch(
            missing: shapes.keys.filter { state[$0] == nil }.sorted(),
            unexpected: (foreign + state.keys.filter { shapes[$0] == nil }).sorted(),
            misshaped: [])
    }

    /// Writes all parameters under a layout's names.
    /// - Parameter dtype: what floating-point parameters are stored as; nil stores them as they are.
    public static func save(_ model: DualEncoder, to path: String, dtype: DType? = nil) throws {
        let layout: ParameterLayout = model.configuration.usesCustomText ? .openCLIPCustomText : .openCLIP
        let entries = try StateTranslation(layout: layout).checkpointState(model.state())
        try TensorFile.write(try entries.mapValues { tensor in try dtype.map(tensor.converted) ?? tensor }, to: path)
    }
}
