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
    public static func load(
        _ path: String, into model: DualEncoder, called name: String, layout: ParameterLayout = .openCLIP
    ) throws {
        var tensors: [String: Tensor] = [:]
        var foreign: [String] = []
        for (key, tensor) in try TensorFile.read(path) {
            if let own = layout.moduleName(of: key) {
                tensors[own] = tensor
            } else {
                foreign.append(key)
            }
        }
        do {
            if !foreign.isEmpty { throw mismatch(of: model, with: tensors, foreign: foreign) }
            for (key, tensor) in tensors where try !tensor.isFinite().allTrue() {
                throw CLIPError.nonFiniteWeights(path: path, key: layout.checkpointName(of: key) ?? key)
            }
            try model.load(tensors)
        } catch let mismatch as StateMismatch {
            let renamed = mismatch.renamed { layout.checkpointName(of: $0) ?? $0 }
            throw CLIPError.weightsMismatch(path: path, model: name, renamed)
        }
    }

    /// Names a layout does not know are unexpected, beside whatever else does not fit.
    private static func mismatch(
        of model: DualEncoder, with tensors: [String: Tensor], foreign: [String]
    ) -> StateMismatch {
        let own = model.namedParameters
        let names = Set(own.map(\.name))
        return StateMismatch(
            missing: own.map(\.name).filter { tensors[$0] == nil },
            unexpected: (foreign + tensors.keys.filter { !names.contains($0) }).sorted(),
            misshaped: [])
    }

    /// Writes all parameters under a layout's names.
    /// - Parameter dtype: what floating-point parameters are stored as; nil stores them as they are.
    public static func save(
        _ model: DualEncoder, to path: String, dtype: DType? = nil, layout: ParameterLayout = .openCLIP
    ) throws {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in try model.state() {
            guard let key = layout.checkpointName(of: name) else {
                throw CLIPError.writing(path: path, reason: "the layout has no name for \(name)")
            }
            tensors[key] = try dtype.map { try tensor.converted(to: $0) } ?? tensor
        }
        try TensorFile.write(tensors, to: path)
    }
}
