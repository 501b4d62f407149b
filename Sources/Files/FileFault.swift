import Foundation

/// Why something could not be done with a file: which file, what was being done, and what the system said.
public struct FileFault: Sendable, Hashable {
    /// What was being done.
    public enum Operation: String, Sendable, Hashable {
        case opening
        case measuring = "reading its size"
        case mapping
        case reading
        case listing
        case watching = "watching for changes"
        case creating
        case makingFolder = "making the folder"
        case writing
        case emptying
        case removing
        case synchronizing = "bringing it to disk"
        case renaming
        case linking
        case locking

        /// Whether the file was to be written rather than read.
        public var isWriting: Bool {
            switch self {
            case .opening, .measuring, .mapping, .reading, .listing, .watching: false
            default: true
            }
        }
    }

    /// What was in the way.
    public enum Cause: Sendable, Hashable {
        /// The system refused; its error number, `errno`.
        case system(Int32)
        /// A folder lies where a file is wanted.
        case folder
        /// A file lies where a folder is wanted.
        case notAFolder
        /// A pipe or a device lies where only a regular file is read.
        case notRegular
        /// More bytes than the caller takes; nil where a pipe does not say how many.
        case tooLarge(bytes: Int?, limit: Int)
        /// Fewer bytes than the format begins with.
        case tooShort(bytes: Int)
        /// A few lines that stand for the file, which lies elsewhere (``PointerFile``); the file's own length, where they
        /// say it.
        case pointer(PointerFile.Kind, bytes: Int?)
        /// A name that no file can have: empty, or with a NUL character.
        case badName
    }

    /// The file or folder, as whoever asked for it named it; where a link was followed, what it leads to.
    public let path: String
    /// What was being done.
    public let operation: Operation
    /// What was in the way.
    public let cause: Cause

    /// A fault in one of a format's own checks, or one that a caller says of another path.
    public init(_ path: String, _ operation: Operation, _ cause: Cause) {
        self.path = path
        self.operation = operation
        self.cause = cause
    }

    /// What `errno` says of a call that has just failed.
    package static func system(_ path: String, _ operation: Operation, _ code: Int32 = errno) -> FileFault {
        switch code {
        case EISDIR: FileFault(path, operation, .folder)
        default: FileFault(path, operation, .system(code))
        }
    }
}

extension FileFault {
    /// The system's error number, or the one that the system would have given; 0 where there is none such.
    public var code: Int32 {
        switch cause {
        case .system(let code): code
        case .folder: EISDIR
        case .notAFolder: ENOTDIR
        case .badName: ENOENT
        case .notRegular, .tooLarge, .tooShort, .pointer: 0
        }
    }

    /// Whether there is no room: on the disk, in the quota, or under the limit for one file.
    public var isFull: Bool { [ENOSPC, EDQUOT, EFBIG].contains(code) }

    /// Whether nothing lies at the path.
    public var isMissing: Bool { cause == .system(ENOENT) || cause == .system(ENOTDIR) }

    /// Whether this user may not.
    public var isDenied: Bool { [EACCES, EPERM, EROFS].contains(code) }

    /// Whether something lies at the path that is not of the kind wanted: a folder, pipe or device for a file, a file
    /// for a folder.
    public var isOfWrongKind: Bool {
        switch cause {
        case .folder, .notAFolder, .notRegular: true
        default: false
        }
    }

    /// Whether only what stands for the file is there.
    public var isPointer: Bool {
        if case .pointer = cause { true } else { false }
    }

    /// What was in the way, in words that stand after "cannot be read: ".
    public var reason: String {
        switch cause {
        case .system(ENOSPC): "the disk is full"
        case .system(EDQUOT): "the disk quota is used up"
        case .system(EFBIG): "the file would be larger than the limit for files here"
        case .system(let code): String(cString: strerror(code))
        case .folder: operation.isWriting ? "a folder of this name is in the way" : "it is a folder"
        case .notAFolder: operation.isWriting ? "what is there is no folder" : "it is not a folder"
        case .notRegular: "it is not a regular file"
        case .tooLarge(let bytes?, let limit): "\(bytes) bytes are more than the limit of \(limit)"
        case .tooLarge(nil, let limit): "it holds more than the limit of \(limit) bytes"
        case .tooShort(let bytes): "it has only \(bytes) bytes"
        case .pointer(let kind, let bytes):
            "it is a \(kind.rawValue) pointer, and the file\(bytes.map { " of \($0) bytes" } ?? "") that it stands for was "
                + "not fetched"
        case .badName: "the name is empty or contains a NUL character"
        }
    }
}

extension FileFault {
    /// The same, said of another path: of what the caller knows, rather than of a temporary file on the way there.
    package func of(_ path: String) -> FileFault { FileFault(path, operation, cause) }

    /// The fault at the bottom of an error: the error itself, or what it wraps.
    package init?(in error: any Error) {
        if let fault = error as? FileFault {
            self = fault
        } else if let fault = (error as? any FileFaultError)?.fileFault {
            self = fault
        } else {
            return nil
        }
    }
}

/// An error of a target above that may have a failure to read or write a file at its bottom.
public protocol FileFaultError: Error {
    /// What failed; nil where the error is about something else.
    var fileFault: FileFault? { get }
}

extension FileFault: Failure {
    /// A file that cannot be read is missing; one that cannot be written is nobody's input.
    public var kind: FailureKind { operation.isWriting ? .internalFault : .missingInput }
}

extension FileFault: CustomStringConvertible {
    public var description: String {
        if operation.isWriting { return "\(path): cannot be written: \(reason)" }
        if isMissing { return "\(path): no such file or folder; check the path" }
        if isDenied {
            return "\(path): \(reason.lowercased()); check the rights of the file and of the folders above it"
        }
        if case .system = cause { return "\(path): \(operation.rawValue) failed: \(reason)" }
        return "\(path): cannot be read: \(reason)"
    }
}
