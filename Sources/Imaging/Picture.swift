/// A decoded picture: 8-bit RGB, rows from the top, `pixels[(y * width + x) * 3 + channel]` (`[H, W, 3]`).
///
/// Pictures are equal if they show the same, whatever they are called.
public struct Picture: Sendable, Equatable {
    /// What answers and messages call it: the path it was read from, or what whoever made it says.
    public var name: String
    /// Columns.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `width * height * 3` bytes, `[H, W, 3]`.
    public let pixels: [UInt8]

    /// Wraps bytes that are a picture already.
    ///
    /// - Parameters:
    ///   - width: columns, above 0.
    ///   - height: rows, above 0.
    ///   - pixels: red, green and blue of each pixel, row by row from the top.
    ///   - name: what answers and messages call it.
    /// - Throws: ``ImagingError/invalidSize(width:height:count:)`` unless both sides are positive and
    ///   `pixels.count == width * height * 3`.
    public init(width: Int, height: Int, pixels: [UInt8], name: String = "picture") throws {
        let (area, areaOverflow) = width.multipliedReportingOverflow(by: height)
        let (count, countOverflow) = area.multipliedReportingOverflow(by: 3)
        guard width > 0, height > 0, !areaOverflow, !countOverflow, count == pixels.count else {
            throw ImagingError.invalidSize(width: width, height: height, count: pixels.count)
        }
        self.init(unchecked: pixels, width: width, height: height, name: name)
    }

    /// For callers inside the target that made the bytes to measure.
    init(unchecked pixels: [UInt8], width: Int, height: Int, name: String) {
        self.name = name
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    public static func == (left: Picture, right: Picture) -> Bool {
        left.width == right.width && left.height == right.height && left.pixels == right.pixels
    }
}

extension Picture {
    /// The picture as the viewer should see it, from an EXIF orientation (tag 274, 1...8). Other values leave it be.
    public func oriented(_ orientation: Int) -> Picture {
        let swapsSides = (5...8).contains(orientation)
        let moved = PixelOrder.turned(pixels, width: width, height: height, bands: 3, orientation)
        return Picture(
            unchecked: moved, width: swapsSides ? height : width, height: swapsSides ? width : height, name: name)
    }
}

/// Where pixels go when a picture is turned or mirrored.
enum PixelOrder {
    /// `[H, W, bands]` as the viewer should see it, from an EXIF orientation (1...8). Other values leave it be.
    @inline(__always)
    static func turned(_ pixels: [UInt8], width: Int, height: Int, bands: Int, _ orientation: Int) -> [UInt8] {
        guard (2...8).contains(orientation) else { return pixels }
        let swapsSides = orientation >= 5
        let newWidth = swapsSides ? height : width
        let newHeight = swapsSides ? width : height
        // Source position of output (x, y) is origin + x * stepX + y * stepY, counted in pixels.
        let origin: Int
        let stepX: Int
        let stepY: Int
        let last = width * height - 1
        switch orientation {
        case 2: (origin, stepX, stepY) = (width - 1, -1, width)
        case 3: (origin, stepX, stepY) = (last, -1, -width)
        case 4: (origin, stepX, stepY) = (last - (width - 1), 1, -width)
        case 5: (origin, stepX, stepY) = (0, width, 1)
        case 6: (origin, stepX, stepY) = (last - (width - 1), -width, 1)
        case 7: (origin, stepX, stepY) = (last, -width, -1)
        default: (origin, stepX, stepY) = (width - 1, width, -1)
        }
        return [UInt8](unsafeUninitializedCapacity: pixels.count) { out, filled in
            pixels.withUnsafeBufferPointer { source in
                var to = 0
                for y in 0..<newHeight {
                    var from = (origin + y * stepY) * bands
                    for _ in 0..<newWidth {
                        for band in 0..<bands { out[to + band] = source[from + band] }
                        to += bands
                        from += stepX * bands
                    }
                }
            }
            filled = pixels.count
        }
    }
}
