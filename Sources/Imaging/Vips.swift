import CVips
import Foundation

/// The library's life: started once, on first use, from whichever thread comes first.
enum Vips {
    private static let started: Bool = cv_start() == 0

    /// - Throws: ``ImagingError/failed(operation:detail:)`` when libvips cannot start.
    static func start() throws {
        guard started else { throw ImagingError.failed(operation: "starting libvips", detail: takeError()) }
    }

    /// Held while SVG or text is drawn: both end in font libraries that keep state for the whole process.
    static let drawing = NSLock()

    /// libvips' last words, on one line. The library keeps one buffer for all threads, so under concurrent failures
    /// the detail may name a neighbor's cause; the error's case and file never do.
    static func takeError() -> String {
        var buffer = [CChar](repeating: 0, count: 1024)
        cv_take_error(&buffer, buffer.count)
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let lines = text.split(separator: "\n")
        var seen: Set<Substring> = []
        let detail = lines.filter { seen.insert($0).inserted }.prefix(2).joined(separator: "; ")
        return detail.isEmpty ? "no reason given" : detail
    }
}

/// Owns one `VipsImage`.
final class VipsPicture {
    let pointer: UnsafeMutablePointer<VipsImage>

    /// Takes over the reference that a helper returned; nil when it returned none.
    init?(_ pointer: UnsafeMutablePointer<VipsImage>?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    deinit { cv_release(pointer) }

    var width: Int { Int(cv_width(pointer)) }
    var height: Int { Int(cv_height(pointer)) }
    var bands: Int { Int(cv_bands(pointer)) }
    /// 1 or 2; 0 for samples that are not unsigned integers of these sizes.
    var sampleBytes: Int { Int(cv_sample_bytes(pointer)) }
    var isCMYK: Bool { cv_is_cmyk(pointer) != 0 }
    /// 1...8, as EXIF counts.
    var orientation: Int { Int(cv_orientation(pointer)) }

    /// Decodes everything, rows packed: `[H, W, bands]` samples of `sampleBytes` bytes, native byte order; nil on
    /// failure.
    func samples() -> [UInt8]? {
        let count = width * height * bands * sampleBytes
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            failed = cv_copy_pixels(pointer, buffer.baseAddress, count) != 0
            filled = failed ? 0 : count
        }
        return failed ? nil : bytes
    }
}
