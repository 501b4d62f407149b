import CTurboJPEG

/// The JPEGs that most collections consist of, straight through libjpeg-turbo: the decoder that libvips calls too, without
/// the pipeline that libvips sets up for each picture, which at 640 × 480 takes longer than the decoding.
///
/// Plain means: baseline, 8 bits, gray or YCbCr, without an Exif block (which may turn the picture). Everything else, and
/// whatever the decoder so much as warns of, is left to libvips, so that there is one judge of damaged files.
enum PlainJPEG {
    /// What a file's header says.
    struct Header: Equatable {
        let width: Int
        let height: Int
    }

    /// - Returns: nil for a file that is not plain, or not sound.
    static func decode(_ bytes: UnsafeRawBufferPointer, _ header: Header) -> [UInt8]? {
        guard let decoder = tjInitDecompress() else { return nil }
        defer { tjDestroy(decoder) }
        var isWhole = false
        let count = header.width * header.height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            isWhole =
                tjDecompress2(
                    decoder, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(bytes.count),
                    buffer.baseAddress, Int32(header.width), 0, Int32(header.height), Int32(TJPF_RGB.rawValue), 0) == 0
            filled = isWhole ? count : 0
        }
        return isWhole ? pixels : nil
    }

    /// Reads the segments up to the first scan; nil where one of them makes the file other than plain.
    static func header(_ bytes: UnsafeRawBufferPointer) -> Header? {
        var found: Header?
        var isAdobe = false
        var components = 0
        for (marker, body) in JPEGSegments(bytes) {
            switch marker {
            case 0xC0:  // baseline
                guard body.count >= 6, found == nil, bytes[body.lowerBound] == 8 else { return nil }
                found = Header(
                    width: Int(bytes[body.lowerBound + 3]) << 8 | Int(bytes[body.lowerBound + 4]),
                    height: Int(bytes[body.lowerBound + 1]) << 8 | Int(bytes[body.lowerBound + 2]))
                components = Int(bytes[body.lowerBound + 5])
            case 0xC4, 0xDB, 0xDD, 0xE0, 0xE2...0xED, 0xEF, 0xFE: break  // tables, profiles, comments
            case 0xE1:
                if bytes[body].prefix(4).elementsEqual("Exif".utf8) { return nil }
            case 0xEE: isAdobe = true
            case 0xDA:
                guard let found, found.width > 0, found.height > 0 else { return nil }
                // Adobe's block says how colors are stored, which need not be YCbCr.
                return components == 1 || components == 3 && !isAdobe ? found : nil
            default: return nil
            }
        }
        return nil
    }
}
