/// What a JPEG 2000 file says of its colors (ISO/IEC 15444-1 annexes A and I), which libvips hardly looks at.
struct JPEG2000Header {
    /// Enumerated color space: 16 is sRGB, 17 gray, 18 YCbCr like JPEG's, 12 CMYK. Nil where the file has a profile, or
    /// says nothing.
    private(set) var colorSpace: Int?
    /// The color space of the profile, four letters, where there is one.
    private(set) var profileSpace: String?
    /// Whether samples are indices of a palette. OpenJPEG looks them up; Pillow counts the picture among palettes'.
    private(set) var isPalette = false
    /// How many pixels a sample of the second component covers, across and down.
    private(set) var chroma = (1, 1)
    private var components = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: [0xFF, 0x4F]) {
            readSizes(bytes, at: 0)
        } else {
            readBoxes(bytes, 0..<bytes.count)
        }
    }

    /// Why the colors cannot be read, by the name of their space.
    var complaint: String? {
        if isSubsampled, !isYCC { return "it is a JPEG 2000 with colors of lower resolution that are no YCbCr" }
        switch colorSpace {
        case nil, 12, 16, 17, 18, 20, 21: return nil
        case 14: return "its colors are CIELab"
        case let space?: return "its color space (number \(space) of JPEG 2000) is not read"
        }
    }

    /// Whether libvips hands out YCbCr, which it converts where colors have half the resolution both ways, and only there.
    var leavesYCC: Bool { isYCC && chroma != (2, 2) }

    var isCMYK: Bool { components == 4 && (colorSpace == 12 || profileSpace == "CMYK") }

    private var isSubsampled: Bool { chroma != (1, 1) }

    /// Said so, or a bare codestream whose colors have a lower resolution, as writers of YCbCr make them.
    private var isYCC: Bool { colorSpace == 18 || colorSpace == nil && profileSpace == nil && isSubsampled }

    private mutating func readBoxes(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        func number(_ place: Int, _ size: Int) -> Int {
            place + size <= bytes.count ? (0..<size).reduce(0) { $0 << 8 | Int(bytes[place + $1]) } : 0
        }
        var place = range.lowerBound
        while place + 8 <= range.upperBound {
            var (size, head) = (number(place, 4), 8)
            if size == 1 { (size, head) = (number(place + 8, 8), 16) }
            if size == 0 { size = range.upperBound - place }
            if size < head || size > range.upperBound - place { size = range.upperBound - place }
            let body = place + head
            switch String(decoding: bytes[place + 4..<place + 8], as: UTF8.self) {
            case "jp2h" where body <= place + size: readBoxes(bytes, body..<place + size)
            case "colr" where colorSpace == nil && profileSpace == nil:  // the first counts
                if number(body, 1) == 1 { colorSpace = number(body + 3, 4) }
                if number(body, 1) == 2, body + 23 <= bytes.count {
                    profileSpace = String(decoding: bytes[body + 19..<body + 23], as: UTF8.self)
                }
            case "pclr": isPalette = true
            case "jp2c": readSizes(bytes, at: body)
            default: break
            }
            place += size
        }
    }

    /// The codestream's first segment, SIZ.
    private mutating func readSizes(_ bytes: UnsafeRawBufferPointer, at start: Int) {
        guard start + 42 <= bytes.count else { return }
        components = Int(bytes[start + 40]) << 8 | Int(bytes[start + 41])
        if components >= 3, start + 48 <= bytes.count {
            chroma = (Int(bytes[start + 46]), Int(bytes[start + 47]))
        }
    }
}

extension DecodedSamples {
    /// YCbCr of the whole range (ITU-R BT.601) to RGB; what follows the three stays.
    func convertedFromYCC() -> DecodedSamples {
        var result = narrowed()
        for start in stride(from: 0, to: result.samples.count, by: layout.bands) {
            let (y, blue, red) = (
                Double(result.samples[start]), Double(result.samples[start + 1]) - 128,
                Double(result.samples[start + 2]) - 128
            )
            let colors = [y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue]
            for band in 0..<3 { result.samples[start + band] = UInt8(max(0, min(255, colors[band].rounded()))) }
        }
        return result
    }
}
