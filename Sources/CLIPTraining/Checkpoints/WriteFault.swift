import CLIP
import Foundation
import Safetensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a file could not be written.
struct WriteFault: Error, CustomStringConvertible {
    let path: String
    /// The system's error number; 0 where it is not known.
    let code: Int32
    private let text: String?

    init(path: String, code: Int32, text: String? = nil) {
        self.path = path
        self.code = code
        self.text = text
    }

    /// What another layer says about a file it could not write.
    init(_ error: any Error, path: String) {
        switch error {
        case let fault as WriteFault:
            self = fault
        case SafetensorsError.inputOutput(let path, _, let code):
            self.init(path: path, code: code)
        case CLIPError.writing(let path, let reason):
            // Where these words are our own, they stand for a number.
            let code = [ENOSPC, EDQUOT, EFBIG].first { WriteFault(path: path, code: $0).reason == reason } ?? 0
            self.init(path: path, code: code, text: reason)
        default:
            let code = Self.code(of: error as NSError)
            self.init(path: path, code: code, text: code == 0 ? "\(error)" : nil)
        }
    }

    /// Foundation wraps the system's number, once or twice.
    private static func code(of error: NSError, depth: Int = 0) -> Int32 {
        if error.domain == NSPOSIXErrorDomain { return Int32(truncatingIfNeeded: error.code) }
        if let under = error.userInfo[NSUnderlyingErrorKey] as? NSError, depth < 4 {
            return code(of: under, depth: depth + 1)
        }
        return error.domain == NSCocoaErrorDomain && error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue
            ? ENOSPC : 0
    }

    /// Whether there is no room: on the disk, in the quota, or under the limit for one file.
    var isFull: Bool { [ENOSPC, EDQUOT, EFBIG].contains(code) }

    var reason: String {
        switch code {
        case 0: text ?? "unknown"
        case ENOSPC: "the disk is full"
        case EDQUOT: "the disk quota is used up"
        case EFBIG: "the file would be larger than the limit for files here"
        default: String(cString: strerror(code))
        }
    }

    var description: String { "\(path): \(reason)" }

    /// Bytes that are free where a path lies; nil where that cannot be told.
    static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        var place = URL(fileURLWithPath: path)
        while statvfs(place.path, &status) != 0 {
            guard place.pathComponents.count > 1 else { return nil }
            place.deleteLastPathComponent()
        }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? nil : bytes
    }
}
