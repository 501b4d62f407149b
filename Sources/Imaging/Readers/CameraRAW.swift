/// Cameras' RAW files, read by the preview inside: the JPEG that the camera itself developed, in nearly all of them as
/// large as the picture or half as large. Developing the sensor's numbers is a program of its own, with a taste of its
/// own; the camera's is what its owner saw.
enum CameraRAW {
    /// Marks of files that hold nothing but a RAW picture: Canon's CR3 (ISO media) and CRW, Fujifilm, Minolta, Sigma.
    private static let marks: [(offset: Int, text: String)] = [
        (4, "ftypcrx "), (6, "HEAPCCDR"), (0, "FUJIFILMCCD-RAW"), (0, "\0MRM"), (0, "FOVb"),
    ]

    /// Whether the bytes are a camera's RAW: by their mark, or a TIFF that holds a sensor's numbers.
    static func holds(_ bytes: UnsafeRawBufferPointer) -> Bool {
        func starts(_ text: String, at offset: Int) -> Bool {
            bytes.count >= offset + text.utf8.count && bytes[offset..<offset + text.utf8.count].elementsEqual(text.utf8)
        }
        if marks.contains(where: { starts($0.text, at: $0.offset) }) { return true }
        guard let directories = TIFFDirectories(bytes) else { return false }
        // Olympus and Panasonic have numbers of their own where TIFF has 42; Canon's CR2 marks itself behind it.
        if directories.version != 42 || starts("CR", at: 8) { return true }
        return directories.all.contains { directory in
            let photometric = directory.number(262)
            let compression = directory.number(259)
            return directory.number(50706) != nil  // DNGVersion
                || photometric == 32803 || photometric == 34892  // a color filter's mosaic, linear raw
                || [34713, 32767, 32769, 32770, 65535].contains(compression)  // Nikon, Sony, Epson, Samsung, Pentax
        }
    }

    static func samples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions
    ) throws -> DecodedSamples {
        var failure: any Error = ImagingError.unsupported(
            name: name, detail: "it is a camera's RAW file with no JPEG preview inside")
        for preview in previews(bytes).prefix(4) {
            do {
                var decoded = try LibraryReader(format: .jpeg, name: name, options: options).samples(preview)
                if decoded.orientation == 1 { decoded.orientation = orientation(bytes) }
                return decoded
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// Every JPEG in the file that can be decoded, with what follows it, the largest picture first. Found by its first
    /// bytes: each maker keeps the places in tables of its own, but a JPEG is a JPEG everywhere.
    private static func previews(_ bytes: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        var found: [(area: Int, bytes: UnsafeRawBufferPointer)] = []
        var place = 0
        while place + 3 < bytes.count {
            guard bytes[place] == 0xFF, bytes[place + 1] == 0xD8, bytes[place + 2] == 0xFF else {
                place += 1
                continue
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
            if let frame = JPEGFrame(rest, segments: 64), frame.complaint == nil, frame.width > 0, frame.height > 0 {
                found.append((frame.width * frame.height, rest))
            }
            place += 3
        }
        return found.sorted { $0.area > $1.area }.map(\.bytes)
    }

    /// How the camera was held.
    private static func orientation(_ bytes: UnsafeRawBufferPointer) -> Int {
        var directories = TIFFDirectories(bytes)
        // Canon's CR3 keeps a TIFF directory in a box near its beginning.
        if directories == nil, let box = place(of: "CMT1", in: bytes.prefix(1 << 16)) {
            directories = TIFFDirectories(UnsafeRawBufferPointer(rebasing: bytes[(box + 4)...]))
        }
        return directories?.all.first?.number(274) ?? 1
    }

    private static func place(of text: String, in bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        let mark = Array(text.utf8)
        guard bytes.count >= mark.count else { return nil }
        return (bytes.startIndex...bytes.endIndex - mark.count).first {
            bytes[$0..<$0 + mark.count].elementsEqual(mark)
        }
    }
}

/// The directories of a TIFF and of the RAW files made like one, with those below them (SubIFDs), as far as they can be
/// read: what lies outside the file is left out.
struct TIFFDirectories {
    /// A directory's whole numbers: the first of each entry.
    struct Directory {
        fileprivate var numbers: [Int: Int] = [:]
        fileprivate var below: [Int] = []

        func number(_ tag: Int) -> Int? { numbers[tag] }
    }

    /// 42 in a TIFF.
    let version: Int
    private(set) var all: [Directory] = []

    /// Nil for bytes that do not begin like a TIFF.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8 else { return nil }
        let isLittle = bytes[0] == 0x49 && bytes[1] == 0x49
        guard isLittle || bytes[0] == 0x4D && bytes[1] == 0x4D else { return nil }
        func number(_ place: Int, _ size: Int) -> Int? {
            guard place >= 0, place + size <= bytes.count else { return nil }
            return (0..<size).reduce(0) { $0 << 8 | Int(bytes[place + (isLittle ? size - 1 - $1 : $1)]) }
        }
        version = number(2, 2) ?? 0
        // 0x4F52 and 0x5352 are Olympus', 0x55 is Panasonic's.
        guard [42, 0x4F52, 0x5352, 0x55].contains(version), let first = number(4, 4) else { return nil }
        var waiting = [first]
        var seen: Set<Int> = [0]
        while let start = waiting.popLast(), all.count < 64 {
            guard seen.insert(start).inserted, let count = number(start, 2) else { continue }
            var directory = Directory()
            for index in 0..<count {
                let entry = start + 2 + index * 12
                guard let tag = number(entry, 2), let type = number(entry + 2, 2), let many = number(entry + 4, 4),
                    let value = number(entry + 8, type == 3 && many == 1 ? 2 : 4)
                else { break }
                if tag == 330 {  // SubIFDs
                    directory.below = many == 1 ? [value] : (0..<min(many, 16)).compactMap { number(value + $0 * 4, 4) }
                } else if many == 1 && (type == 3 || type == 4) || tag == 50706 {
                    directory.numbers[tag] = value
                }
            }
            all.append(directory)
            waiting.append(contentsOf: directory.below)
            if let next = number(start + 2 + count * 12, 4) { waiting.append(next) }
        }
    }
}
