/// What lies in a folder or a repository without a model that is read, told by the names of its files.
public enum ForeignFiles: Sendable, Hashable {
    /// A pipeline of diffusers, whose towers are in folders of their own.
    case pipeline(encoders: [String])
    /// Modules of sentence-transformers, none of which is a CLIP model.
    case sentenceModules
    /// Configurations of towers alone, as ComfyUI has them beside its programs.
    case towerConfigurations([String])
    /// Weights that another program reads.
    case weights(format: String, file: String)
    /// An adapter's weights, which change those of another model.
    case adapter(file: String)
    /// Weights under a name that says nothing.
    case bareWeights(file: String)
    /// What goes with a model, without one: a tokenizer, or how pictures are prepared.
    case companions(what: String)

    /// - Parameter names: files, those in folders with a slash; folders that count as one file among them.
    /// - Returns: nil where nothing is known.
    public init?(among names: [String]) {
        let present = Set(names)
        if present.contains("model_index.json") {
            self = .pipeline(encoders: Self.encoders(names))
        } else if present.contains(ModelFiles.sentenceTransformersModules) {
            self = .sentenceModules
        } else if let (format, file) = Self.otherFormat(names) {
            self = .weights(format: format, file: file)
        } else if let file = names.filter({ $0.hasPrefix("adapter_") }).min() {
            self = .adapter(file: file)
        } else if let bare = Self.file(names, endings: [".safetensors", ".bin", ".pt", ".pth", ".ckpt"]) {
            self = .bareWeights(file: bare)
        } else if let configurations = Self.towerConfigurations(names) {
            self = .towerConfigurations(configurations)
        } else if ModelFiles.tokenizer.contains(where: present.contains) {
            self = .companions(what: "a tokenizer")
        } else if ModelFiles.preprocessing.contains(where: present.contains) {
            self = .companions(what: "how pictures are prepared")
        } else {
            return nil
        }
    }

    /// Formats by the endings of their files, or whole names. OpenVINO's and MLX's come before the plain ones.
    private static let formats: [(format: String, endings: [String])] = [
        ("OpenVINO", ["openvino_model.xml", "openvino_model.bin"]), ("ONNX", [".onnx", ".onnx_data"]),
        ("GGUF", [".gguf", ".ggml"]), ("Core ML", [".mlpackage", ".mlmodel", ".mlmodelc"]),
        ("TensorFlow", ["tf_model.h5", ".h5", "saved_model.pb", ".tflite", ".keras"]),
        ("Flax", ["flax_model.msgpack", ".msgpack"]), ("NumPy (MLX, big_vision)", [".npz"]),
        ("TensorRT", [".engine", ".plan"]),
    ]

    private static func otherFormat(_ names: [String]) -> (format: String, file: String)? {
        for (format, endings) in formats {
            if let file = file(names, endings: endings) { return (format, file) }
        }
        return nil
    }

    /// The file nearest to the top with one of these endings.
    private static func file(_ names: [String], endings: [String]) -> String? {
        let found = names.filter { name in endings.contains { name.lowercased().hasSuffix($0) } }
        return found.min { ($0.count { $0 == "/" }, $0) < ($1.count { $0 == "/" }, $1) }
    }

    /// Folders of a pipeline that hold a tower of CLIP's kind, or may.
    private static func encoders(_ names: [String]) -> [String] {
        let folders = names.compactMap { name -> String? in
            let parts = name.split(separator: "/")
            guard parts.count == 2, parts[1] == ModelFiles.huggingFaceConfiguration else { return nil }
            return parts[0].hasPrefix("text_encoder") || parts[0].hasPrefix("image_encoder") ? String(parts[0]) : nil
        }
        return Set(folders).sorted()
    }

    private static func towerConfigurations(_ names: [String]) -> [String]? {
        let found = names.filter { $0.hasSuffix(".json") && $0.contains("clip") && $0.contains("config") }.sorted()
        return found.isEmpty ? nil : found
    }
}

extension ForeignFiles {
    /// Whether they are weights that no program here reads, whatever they are called.
    package var areUnreadWeights: Bool {
        switch self {
        case .weights, .adapter: true
        case .pipeline, .sentenceModules, .towerConfigurations, .bareWeights, .companions: false
        }
    }
}

extension ForeignFiles: CustomStringConvertible {
    /// In words that stand after "it holds".
    public var description: String {
        switch self {
        case .pipeline(let encoders):
            "a pipeline of diffusers (model_index.json), whose towers are in folders of their own"
                + (encoders.isEmpty ? "" : ": give \(encoders.joined(separator: " or "))")
        case .sentenceModules: "modules of sentence-transformers (modules.json), none of them a CLIP model"
        case .towerConfigurations(let names):
            "configurations of single towers (\(names.prefix(3).joined(separator: ", ")))"
        case .weights(let format, let file): "weights in the format of \(format) (\(file)), which is not read"
        case .adapter(let file): "an adapter's weights (\(file)), which are nothing without the model they change"
        case .bareWeights(let file): "weights under a name of their own (\(file))"
        case .companions(let what): "\(what) alone"
        }
    }
}
