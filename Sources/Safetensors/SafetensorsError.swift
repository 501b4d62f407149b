import Failures
import FileMapping

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why a safetensors file could not be read or written.
public enum SafetensorsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nothing lies at the path.
    case fileNotFound(path: String)
    /// The file, or a folder on its way, may not be read or written by this user.
    case permissionDenied(path: String)
    /// A folder, pipe or device lies at the path.
    case notAFile(path: String)
    /// The operating system failed for another reason; `code` is its `errno`.
    case inputOutput(path: String, operation: String, code: Int32)
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
        case .fileNotFound(let path):
            "\(path): no such file; check the path"
        case .permissionDenied(let path):
            "\(path): permission denied; check the rights of the file and of the folders above it"
        case .notAFile(let path):
            "\(path): not a regular file; name a .safetensors file"
        case .inputOutput(let path, let operation, let code):
            "\(path): \(operation) failed: \(String(cString: strerror(code)))"
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

    /// Translates `errno` after a failed call.
    init(_ fault: MappingFault, path: String) {
        switch fault {
        case .notAFile: self = .notAFile(path: path)
        case .tooShort(let count):
            self = .corruptHeader(path: path, reason: "\(count) bytes cannot hold the header's length")
        case .system(let operation, let code): self = .system(path, operation, code: code)
        }
    }

    static func system(_ path: String, _ operation: String, code: Int32) -> SafetensorsError {
        switch code {
        case ENOENT: .fileNotFound(path: path)
        case EACCES, EPERM, EROFS: .permissionDenied(path: path)
        case EISDIR, ENOTDIR: .notAFile(path: path)
        default: .inputOutput(path: path, operation: operation, code: code)
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

extension SafetensorsError: Failure {
    public var kind: FailureKind {
        switch self {
        case .fileNotFound, .permissionDenied, .notAFile, .inputOutput: .missingInput
        default: .badData
        }
    }
}
