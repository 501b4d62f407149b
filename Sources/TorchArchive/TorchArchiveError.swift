import Files

/// Why a PyTorch checkpoint could not be read.
public enum TorchArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened or read.
    case file(FileFault)
    /// The file is neither a zip archive with a `data.pkl` nor a stream of the older format.
    case unknownFormat(path: String, reason: String)
    /// `part` of the file breaks its format or contradicts another part.
    case corrupt(path: String, part: String, reason: String)
    /// The tensor breaks the format or does not lie within its storage.
    case corruptTensor(path: String, name: String, reason: String)
    /// The file is well formed but holds what this library does not read.
    case unsupported(path: String, feature: String)
    /// The file names a function or class, as `module.name`, that is not known to be harmless.
    case wouldRunCode(path: String, function: String)
    /// The file is within the format and beyond what a checkpoint needs; refused before memory runs out.
    case tooLarge(path: String, reason: String)
    /// The file has no tensor of this name.
    case noSuchTensor(path: String, name: String)

    /// What is wrong, in which file and part, and what helps; fit for one line of a terminal.
    public var description: String {
        switch self {
        case .file(let fault):
            fault.isOfWrongKind
                ? "\(fault.path): not a regular file; name a checkpoint (.pt, .pth, .bin, .ckpt)" : "\(fault)"
        case .unknownFormat(let path, let reason):
            "\(path): not a PyTorch checkpoint: \(reason); name a file written by torch.save or torch.jit.save"
        case .corrupt(let path, let part, let reason):
            "\(path): corrupt \(part): \(reason); fetch or write the file again"
        case .corruptTensor(let path, let name, let reason):
            "\(path): corrupt tensor \(Self.quoted(name)): \(reason); fetch or write the file again"
        case .unsupported(let path, let feature):
            "\(path): it holds \(feature), which cannot be read; save plain dense tensors (a state_dict) instead"
        case .wouldRunCode(let path, let function):
            "\(path): refused, for it refers to \(Self.quoted(function)): opened elsewhere, such a file runs code; "
                + "save only the state_dict, and trust the file's source before loading it with anything else"
        case .tooLarge(let path, let reason):
            "\(path): refused as too large: \(reason); save only the state_dict"
        case .noSuchTensor(let path, let name):
            "\(path): no tensor named \(Self.quoted(name)); list the file's names to see what it holds"
        }
    }

    /// What a file that could not be mapped means for this format.
    init(_ fault: FileFault) {
        if case .tooShort(let count) = fault.cause {
            self = .unknownFormat(path: fault.path, reason: "it has only \(count) bytes")
        } else {
            self = .file(fault)
        }
    }

    /// A name from an untrusted file made fit for one line of a terminal: control characters escaped, length bounded.
    static func quoted(_ name: String) -> String {
        let limit = 200
        var text = "\""
        for scalar in name.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + (name.unicodeScalars.dropFirst(limit).isEmpty ? "\"" : "…\"")
    }
}

/// Why the inner parts refuse a file; the path is added by `TorchArchiveFile`.
enum ArchiveFault: Error, Equatable {
    case format(String)
    case corrupt(part: String, reason: String)
    case tensor(name: String, reason: String)
    case unsupported(String)
    case code(String)
    case tooLarge(String)

    func error(path: String) -> TorchArchiveError {
        switch self {
        case .format(let reason): .unknownFormat(path: path, reason: reason)
        case .corrupt(let part, let reason): .corrupt(path: path, part: part, reason: reason)
        case .tensor(let name, let reason): .corruptTensor(path: path, name: name, reason: reason)
        case .unsupported(let feature): .unsupported(path: path, feature: feature)
        case .code(let function): .wouldRunCode(path: path, function: function)
        case .tooLarge(let reason): .tooLarge(path: path, reason: reason)
        }
    }
}

extension TorchArchiveError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .file(let fault) = self { fault } else { nil }
    }
}

extension TorchArchiveError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .file(let fault): fault.kind
        default: .badData
        }
    }
}
