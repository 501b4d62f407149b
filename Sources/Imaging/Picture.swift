/// A decoded picture: 8-bit RGB, rows from the top, `pixels[(y * width + x) * 3 + channel]` (`[H, W, 3]`).
public struct Picture: Sendable, Equatable {
    /// Columns.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `width * height * 3` bytes, `[H, W, 3]`.
    public let pixels: [UInt8]

    /// Wraps bytes that are a picture already.
    ///
    /// - Throws: ``ImagingError/invalidSize(width:height:count:)`` unless both sides are positive and
    ///   `pixels.count == width * height * 3`.
    public init(width: Int, height: Int, pixels: [UInt8]) throws {
        let (area, areaOverflow) = width.multipliedReportingOverflow(by: height)
        let (count, countOverflow) = area.multipliedReportingOverflow(by: 3)
        guard width > 0, height > 0, !areaOverflow, !countOverflow, count == pixels.count else {
            throw ImagingError.invalidSize(width: width, height: height, count: pixels.count)
        }
        self.init(unchecked: pixels, width: width, height: height)
    }

    /// For callers inside the target that made the bytes to measure.
    init(unchecked pixels: [UInt8], width: Int, height: Int) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
