import Failures

/// Why a picture could not be read, drawn or written.
///
/// `missing` and `unreadable` mean that no bytes could be had; every other case means that the bytes, or what was asked
/// of them, are at fault. ``kind`` tells the two apart.
public enum ImagingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No file stands at this path.
    case missing(path: String)
    /// The path exists but cannot be read: no permission, a folder, a device.
    case unreadable(path: String, reason: String)
    /// The picture has no bytes at all.
    case empty(name: String)
    /// The bytes are of no picture format read here. `looksLike` names what they seem to be, where that can be told.
    case unknownFormat(name: String, looksLike: String?)
    /// The format is known but this kind of it is not read.
    case unsupported(name: String, detail: String)
    /// The header announces more pixels than the limit allows. Nothing was decoded.
    case tooLarge(name: String, width: Int, height: Int, limit: Int)
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
        case .missing(let path):
            "\(path): no such file; check the path"
        case .unreadable(let path, let reason):
            "\(path): cannot be read (\(reason)); give a picture file you may read"
        case .empty(let name):
            "\(name): the file is empty (0 bytes); get it again from its source"
        case .unknownFormat(let name, let looksLike):
            "\(name): not a picture that can be read"
                + (looksLike.map { " (it looks like \($0))" } ?? "")
                + "; give JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF"
        case .unsupported(let name, let detail):
            "\(name): \(detail); save it as 8-bit PNG or JPEG"
        case .tooLarge(let name, let width, let height, let limit):
            "\(name): \(width) x \(height) pixels are more than the limit of \(limit); scale it down or raise the limit"
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

extension ImagingError: Failure {
    public var kind: FailureKind {
        switch self {
        case .missing, .unreadable: .missingInput
        default: .badData
        }
    }
}
