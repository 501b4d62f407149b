import Files

/// Why a picture could not be read, drawn or written.
///
/// `file` means that no bytes could be had; every other case means that the bytes, or what was asked of them, are at
/// fault. ``kind`` tells the two apart.
public enum ImagingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is not there, or cannot be read: no permission, a folder, a device.
    case file(FileFault)
    /// The picture has no bytes at all.
    case empty(name: String)
    /// The bytes are of no picture format read here. `looksLike` names what they seem to be, where that can be told.
    case unknownFormat(name: String, looksLike: String?)
    /// The format is known but this kind of it is not read.
    case unsupported(name: String, detail: String)
    /// The picture that the header announces would take more memory while it is decoded than the limit allows, both in
    /// bytes. Nothing was decoded.
    case tooMuchMemory(name: String, width: Int, height: Int, bytes: Int, limit: Int)
    /// The file holds more bytes than the limit allows. Nothing was read.
    case tooManyBytes(name: String, bytes: Int, limit: Int)
    /// The bytes end early or contradict themselves.
    case damaged(name: String, format: PictureFormat, detail: String)
    /// A picture was described by sizes that cannot be.
    case invalidSize(width: Int, height: Int, count: Int)
    /// Drawing or encoding failed inside the library.
    case failed(operation: String, detail: String)

    /// What is wrong with which picture, and what helps, on one line.
    public var description: String {
        switch self {
        case .file(let fault):
            fault.isMissing
                ? "\(fault.path): no such file; check the path"
                : "\(fault.path): cannot be read (\(fault.reason)); give a picture file you may read"
        case .empty(let name):
            "\(name): the file is empty (0 bytes); get it again from its source"
        case .unknownFormat(let name, let looksLike):
            "\(name): not a picture that can be read"
                + (looksLike.map { " (it looks like \($0))" } ?? "")
                + "; give \(PictureFormat.list)"
        case .unsupported(let name, let detail):
            "\(name): \(detail); save it as 8-bit PNG or JPEG"
        case .tooMuchMemory(let name, let width, let height, let bytes, let limit):
            "\(name): \(width) x \(height) pixels would take \(Self.megabytes(bytes)) MB of memory, more than the limit "
                + "of \(Self.megabytes(limit)); scale it down or raise the limit"
        case .tooManyBytes(let name, let bytes, let limit):
            "\(name): \(bytes) bytes are more than the limit of \(limit); scale it down or raise the limit"
        case .damaged(let name, let format, let detail):
            "\(name): damaged or cut short \(format.rawValue) (\(detail)); get it again from its source"
        case .invalidSize(let width, let height, let count):
            "\(count) bytes do not make a picture of \(width) x \(height) pixels with 3 bytes each"
        case .failed(let operation, let detail):
            "\(operation) failed: \(detail)"
        }
    }
}

extension ImagingError {
    /// Millions of bytes, rounded up.
    private static func megabytes(_ bytes: Int) -> Int { (bytes - 1) / 1_000_000 + 1 }

    /// What it means for a picture that its file could not be read.
    init(_ fault: FileFault) {
        if case .tooLarge(let bytes?, let limit) = fault.cause {
            self = .tooManyBytes(name: fault.path, bytes: bytes, limit: limit)
        } else {
            self = .file(fault)
        }
    }
}

extension ImagingError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .file(let fault) = self { fault } else { nil }
    }
}

extension ImagingError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .file(let fault): fault.kind
        default: .badData
        }
    }
}
