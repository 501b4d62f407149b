/// The functions and classes a pickle may name. None of them is ever called: the machine knows what each would give.
enum PickleGlobal {
    /// A dictionary, filled afterwards or from a list of pairs.
    case dictionary
    /// A dictionary whose argument is a factory for missing items.
    case defaultDictionary
    /// Gives its first argument back.
    case identity
    /// An instance with attributes.
    case object
    /// Makes an instance of its first argument.
    case reconstructor
    /// Something that is not looked into.
    case inert
    case storage(TorchArchiveDType?)
    case dtype(TorchArchiveDType)
    case tensor(TensorFunction)

    /// PyTorch's functions that make a tensor of a storage (torch/_utils.py).
    enum TensorFunction {
        case plain
        case version2
        case version3
        case parameter
        case subclass
    }

    /// - Throws: `ArchiveFault.unsupported` for tensors that are not plain, `ArchiveFault.code` for anything unknown.
    init(module: String, name: String) throws(ArchiveFault) {
        // TorchScript's own classes; their code is in the archive and stays there.
        if module == "__torch__" || module.hasPrefix("__torch__.") {
            self = .object
        } else if let known = Self.known["\(module).\(name)"] {
            self = known
        } else if let feature = Self.refused["\(module).\(name)"] {
            throw .unsupported(feature)
        } else if module == "torch" || module == "torch.cuda", let storage = Self.storageType(name) {
            self = .storage(storage)
        } else if module == "torch", let dtype = TorchArchiveDType(rawValue: name) {
            self = .dtype(dtype)
        } else if ["torch", "torch.cuda"].contains(module), let feature = Self.refusedType(name) {
            throw .unsupported(feature)
        } else {
            throw .code("\(module).\(name)")
        }
    }

    private static func storageType(_ name: String) -> TorchArchiveDType? {
        switch name {
        case "BoolStorage": .bool
        case "ByteStorage": .uint8
        case "CharStorage": .int8
        case "ShortStorage": .int16
        case "IntStorage": .int32
        case "LongStorage": .int64
        case "HalfStorage": .float16
        case "BFloat16Storage": .bfloat16
        case "FloatStorage": .float32
        case "DoubleStorage": .float64
        default: nil
        }
    }

    private static func refusedType(_ name: String) -> String? {
        switch name {
        case "QUInt8Storage", "QInt8Storage", "QInt32Storage", "QUInt4x2Storage", "QUInt2x4Storage", "quint8", "qint8",
            "qint32", "quint4x2", "quint2x4":
            "quantized tensors"
        case "ComplexFloatStorage", "ComplexDoubleStorage", "complex32", "complex64", "complex128":
            "complex tensors"
        case "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2":
            "tensors of type \(name)"
        default: nil
        }
    }

    private static let refused: [String: String] = [
        "torch._utils._rebuild_qtensor": "quantized tensors",
        "torch._utils._rebuild_sparse_tensor": "sparse tensors",
        "torch._utils._rebuild_sparse_csr_tensor": "sparse tensors",
        "torch._utils._rebuild_nested_tensor": "nested tensors",
        "torch._utils._rebuild_meta_tensor_no_storage": "tensors without data (device \"meta\")",
        "torch._utils._rebuild_wrapper_subclass": "tensors of a class of their own",
        "torch._utils._rebuild_device_tensor_from_numpy": "tensors stored as numpy arrays",
        "torch._utils._rebuild_device_tensor_from_cpu_tensor": "tensors stored for another device",
    ]

    private static let known: [String: PickleGlobal] = {
        var table: [String: PickleGlobal] = [
            "collections.OrderedDict": .dictionary,
            "collections.Counter": .dictionary,
            "collections.defaultdict": .defaultDictionary,
            "argparse.Namespace": .object,
            "types.SimpleNamespace": .object,
            "copy_reg._reconstructor": .reconstructor,
            "copyreg._reconstructor": .reconstructor,
            "torch.Size": .identity,
            "torch._utils._rebuild_tensor": .tensor(.plain),
            "torch._utils._rebuild_tensor_v2": .tensor(.version2),
            "torch._utils._rebuild_tensor_v3": .tensor(.version3),
            "torch._utils._rebuild_parameter": .tensor(.parameter),
            "torch._utils._rebuild_parameter_with_state": .tensor(.parameter),
            "torch.nn.parameter.Parameter": .tensor(.parameter),
            "torch.nn.parameter.Buffer": .tensor(.parameter),
            "torch._tensor._rebuild_from_type_v2": .tensor(.subclass),
            "torch.storage.UntypedStorage": .storage(nil),
            "torch.storage._UntypedStorage": .storage(nil),
            "torch.UntypedStorage": .storage(nil),
        ]
        for name in ["intlist", "tensorlist", "doublelist", "boollist", "tensor_from_id"] {
            table["torch.jit._pickle.build_\(name)"] = .identity
        }
        table["torch.jit._pickle.restore_type_tag"] = .identity
        for module in ["builtins", "__builtin__"] {
            table["\(module).dict"] = .dictionary
            for name in [
                "set", "frozenset", "slice", "complex", "bytearray", "bytes", "list", "tuple", "int", "float", "str",
                "bool", "object", "range",
            ] {
                table["\(module).\(name)"] = .inert
            }
        }
        for name in [
            "_codecs.encode", "collections.deque", "datetime.date", "datetime.datetime", "datetime.timedelta",
            "datetime.timezone", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath",
            "pathlib.PureWindowsPath", "pathlib._local.PosixPath", "pathlib._local.WindowsPath", "numpy.dtype",
            "numpy.ndarray", "torch.device", "torch.dtype", "torch.Tensor",
            "torch.serialization._get_layout", "torch.strided",
            "torch.per_tensor_affine", "torch.contiguous_format", "torch.channels_last", "torch.preserve_format",
        ] {
            table[name] = .inert
        }
        for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
            table["\(module).scalar"] = .inert
            table["\(module)._reconstruct"] = .inert
        }
        return table
    }()
}
