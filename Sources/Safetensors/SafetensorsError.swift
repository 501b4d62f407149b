import Files

/// Why a safetensors file could not be read or written.
public enum SafetensorsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened, read or written.
    case file(FileFault)
    /// The header as a whole breaks the format.
    case corruptHeader(path: String, reason: String)
    /// The header's entry for `key` breaks the format or contradicts the file's length.
    case corruptEntry(path: String, key: String, reason: String)
    /// The entry for `key` has an element type that this library does not know.
    case unknownType(path: String, key: String, type: String)
    /// The names and shapes to be written need more than the format's 100,000,000 bytes of header.
    case headerTooLarge(path: String)
    /// The file has no tensor of this name.
    case noSuchTensor(path: String, key: String)
    /// What the caller asked to be written is no valid file.
    case invalidItem(path: String, key: String, reason: String)

    /// What is wrong, in which file and entry, and what helps; fit for one line of a terminal.
    public var description: String {
        switch self {
        case .file(let fault):
            fault.isOfWrongKind && !fault.operation.isWriting
                ? "\(fault.path): not a regular file; name a .safetensors file" : "\(fault)"
        case .corruptHeader(let path, let reason):
            "\(path): not a valid safetensors file: \(reason); fetch or write the file again"
        case .corruptEntry(let path, let key, let reason):
            "\(path): corrupt entry \(Self.quoted(key)): \(reason); fetch or write the file again"
        case .unknownType(let path, let key, let type):
            "\(path): tensor \(Self.quoted(key)) has the unknown element type \(Self.quoted(type)); "
                + "convert it to one of \(SafetensorsDType.allCases.map(\.rawValue).joined(separator: ", "))"
        case .headerTooLarge(let path):
            "\(path): the tensors' names and shapes need more than 100,000,000 bytes; write several files"
        case .noSuchTensor(let path, let key):
            "\(path): no tensor named \(Self.quoted(key)); list the file's names to see what it holds"
        case .invalidItem(let path, let key, let reason):
            "\(path): cannot write tensor \(Self.quoted(key)): \(reason)"
        }
    }

    /// What a file that could not be mapped means for this format.
    init(_ fault: FileFault) {
        if case .tooShort(let count) = fault.cause {
            self = .corruptHeader(path: fault.path, reason: "\(count) bytes cannot hold the header's length")
        } else {
            self = .file(fault)
        }
    }

    /// A name from an untrusted file made fit for one line of a terminal: control characters escaped, length bounded.
    private static func quoted(_ name: String) -> String {
        let limit = 200
        var text = "\""
        for scalar in name.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + (name.unicodeScalars.count > limit ? "…\"" : "\"")
    }
}

extension SafetensorsError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .file(let fault) = self { fault } else { nil }
    }
}

extension SafetensorsError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .file(let fault): fault.kind
        default: .badData
        }
    }
}
