/// What a JPEG's frame header (SOFn, ISO/IEC 10918-1 table B.1) says.
struct JPEGFrame: Equatable {
    let width: Int
    let height: Int
    /// Bits of a sample.
    let precision: Int
    /// The marker's second byte: which process codes the frame.
    let process: UInt8

    var isProgressive: Bool { process == 0xC2 || process == 0xCA }

    /// Why the frame cannot be decoded, if it is of a kind that only special programs write.
    var complaint: String? {
        switch process {
        case 0xC0, 0xC1, 0xC2, 0xC9, 0xCA: precision == 8 ? nil : "it is a JPEG of \(precision) bits a sample"
        case 0xC3, 0xCB: "it is a lossless JPEG (ISO/IEC 10918 process 14)"
        case 0xF7: "it is a JPEG-LS"
        default: "it is a hierarchical JPEG"
        }
    }

    /// Walks the segments up to the first frame header; nil where there is none among so many.
    init?(_ bytes: UnsafeRawBufferPointer, segments: Int = .max) {
        var place = 2
        var left = segments
        while place + 9 < bytes.count, left > 0 {
            guard bytes[place] == 0xFF else { return nil }
            left -= 1
            let marker = bytes[place + 1]
            if marker == 0xFF {  // filling
                place += 1
                continue
            }
            let isFrame = (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker) || marker == 0xF7
            if isFrame {
                precision = Int(bytes[place + 4])
                height = Int(bytes[place + 5]) << 8 | Int(bytes[place + 6])
                width = Int(bytes[place + 7]) << 8 | Int(bytes[place + 8])
                process = marker
                return
            }
            if marker == 0xDA || marker == 0xD9 { return nil }
            place += 2 + (Int(bytes[place + 2]) << 8 | Int(bytes[place + 3]))
        }
        return nil
    }
}
