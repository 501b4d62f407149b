import CVips

/// When a picture says that it was taken: what the camera, or the scanner, wrote beside the pixels.
///
/// Nothing is decoded. EXIF's `DateTimeOriginal` comes first, then `DateTimeDigitized`, then `DateTime`, each with the
/// offset from UTC that goes with it (`OffsetTimeOriginal` and so on); of a PNG without EXIF, its text chunks. Dates that
/// no calendar has, as the zeros of a camera whose clock was never set, are passed over.
public enum TakenDate {
    /// Seconds since 1970, in UTC; a date without an offset is taken as if it were of UTC. Nil where nothing is said.
    /// - Parameter bytes: a whole picture file.
    public static func read(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard let format = PictureFormat(firstBytes: bytes) else { return nil }
        switch format {
        case .jpeg: return jpeg(bytes)
        case .png: return png(bytes)
        case .webp: return webP(bytes)
        case .tiff: return exif(bytes)
        case .raw: return raw(bytes)
        case .heif: return heif(bytes)
        case .gif, .bmp, .jpeg2000, .pnm, .icon, .svg: return nil
        }
    }

    /// The same of an EXIF block, with or without its mark.
    private static func exif(_ block: UnsafeRawBufferPointer) -> Int64? {
        let hasMark = block.prefix(6).elementsEqual(Array("Exif".utf8) + [0, 0])
        return ExifTexts(hasMark ? UnsafeRawBufferPointer(rebasing: block.dropFirst(6)) : block)?.taken
    }

    private static func jpeg(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        for (marker, body) in JPEGSegments(bytes) where marker == 0xE1 || marker == 0xDA {
            if marker == 0xDA { return nil }
            if bytes[body].starts(with: "Exif".utf8) { return exif(UnsafeRawBufferPointer(rebasing: bytes[body])) }
        }
        return nil
    }

    private static func png(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var text: Int64?
        var place = 8
        while place + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            guard length <= bytes.count - place - 12 else { break }
            let name = bytes[place + 4..<place + 8]
            let body = UnsafeRawBufferPointer(rebasing: bytes[place + 8..<place + 8 + length])
            if name.elementsEqual("eXIf".utf8), let taken = exif(body) { return taken }
            if name.elementsEqual("tEXt".utf8) || name.elementsEqual("iTXt".utf8) { text = text ?? pngText(body) }
            place += 12 + length
        }
        return text
    }

    /// `Creation Time` is PNG's own keyword; the others are what ImageMagick makes of EXIF.
    private static func pngText(_ body: UnsafeRawBufferPointer) -> Int64? {
        guard body.count < 1024, let zero = body.firstIndex(of: 0) else { return nil }
        let keyword = String(decoding: body[..<zero], as: UTF8.self)
        guard ["exif:DateTimeOriginal", "exif:DateTimeDigitized", "Creation Time"].contains(keyword) else { return nil }
        // An international chunk has flags, a language and a translated keyword before its text, each ended by a zero.
        let value = body[(zero + 1)...].split(separator: 0).last
        return value.flatMap { CalendarDate.seconds(String(decoding: $0, as: UTF8.self)) }
    }

    private static func webP(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var place = 12
        while place + 8 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[place + 4 + $1]) << (8 * $1) }
            guard length <= bytes.count - place - 8 else { return nil }
            if bytes[place..<place + 4].elementsEqual("EXIF".utf8) {
                return exif(UnsafeRawBufferPointer(rebasing: bytes[place + 8..<place + 8 + length]))
            }
            place += 8 + length + length % 2
        }
        return nil
    }

    /// Most are made like a TIFF; Canon's CR3 keeps EXIF's directory in a box, Fujifilm's RAF the whole JPEG.
    private static func raw(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        if let taken = exif(bytes) { return taken }
        if bytes.starts(with: "FUJIFILMCCD-RAW".utf8), bytes.count >= 88 {
            let start = (84..<88).reduce(0) { $0 << 8 | Int(bytes[$1]) }
            return start < bytes.count ? jpeg(UnsafeRawBufferPointer(rebasing: bytes[start...])) : nil
        }
        let head = bytes.prefix(1 << 16)
        let box = head.indices.first { head[$0...].starts(with: "CMT2".utf8) }
        return box.flatMap { exif(UnsafeRawBufferPointer(rebasing: bytes[($0 + 4)...])) }
    }

    /// The container's items are libheif's to find; only its header is read.
    private static func heif(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard (try? Vips.start()) != nil,
            let image = VipsPicture(cv_open(Int32(CV_HEIF.rawValue), bytes.baseAddress, bytes.count))
        else { return nil }
        var count = 0
        guard let block = cv_exif(image.pointer, &count) else { return nil }
        return withExtendedLifetime(image) { exif(UnsafeRawBufferPointer(start: block, count: count)) }
    }
}

/// The texts of an EXIF block that tell of time (Exif 2.32, section 4.6). What lies outside the block is left out.
private struct ExifTexts {
    private var texts: [Int: String] = [:]

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8 else { return nil }
        let isLittle = bytes[0] == 0x49 && bytes[1] == 0x49
        guard isLittle || bytes[0] == 0x4D && bytes[1] == 0x4D else { return nil }
        func number(_ place: Int, _ size: Int) -> Int? {
            guard place >= 0, place <= bytes.count - size else { return nil }
            return (0..<size).reduce(0) { $0 << 8 | Int(bytes[place + (isLittle ? size - 1 - $1 : $1)]) }
        }
        var waiting = [number(4, 4) ?? 0]
        var seen: Set<Int> = []
        while let start = waiting.popLast(), seen.count < 4 {
            guard seen.insert(start).inserted, let count = number(start, 2) else { continue }
            for entry in stride(from: start + 2, to: start + 2 + 12 * count, by: 12) {
                guard let tag = number(entry, 2), let type = number(entry + 2, 2), let length = number(entry + 4, 4),
                    let value = number(entry + 8, 4)
                else { break }
                if tag == 0x8769 { waiting.append(value) }
                let place = length <= 4 ? entry + 8 : value
                guard Self.tags.contains(tag), type == 2, length <= 64, place <= bytes.count - length else { continue }
                let text = String(decoding: bytes[place..<place + length].prefix { $0 != 0 }, as: UTF8.self)
                texts[tag] = texts[tag] ?? text
            }
        }
    }

    /// Dates, and the offsets that go with them.
    private static let pairs = [(0x9003, 0x9011), (0x9004, 0x9012), (0x0132, 0x9010)]
    private static let tags = Set(pairs.flatMap { [$0.0, $0.1] })

    var taken: Int64? {
        for (date, offset) in Self.pairs {
            guard let text = texts[date] else { continue }
            if let seconds = CalendarDate.seconds(text + (texts[offset] ?? "")) ?? CalendarDate.seconds(text) {
                return seconds
            }
        }
        return nil
    }
}

/// Dates as cameras and programs write them.
enum CalendarDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// Seconds since 1970 of `2024:05:31 17:20:00` (EXIF), `2024-05-31T17:20:00+02:00` (ISO 8601) or
    /// `Fri, 31 May 2024 17:20:00 +0200` (RFC 1123). Nil for what is none of these, is on no calendar, or is before the
    /// first photograph of 1826.
    static func seconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 128 else { return nil }
        var parts = Parts(text)
        if let month = parts.words.lazy.compactMap({ months.firstIndex(of: String($0.prefix(3))) }).first {
            // Day, year, hour and so on.
            guard parts.numbers.count >= 2 else { return nil }
            parts.numbers.replaceSubrange(0..<2, with: [parts.numbers[1], month + 1, parts.numbers[0]])
        }
        guard (5...6).contains(parts.numbers.count) else { return nil }
        return seconds(parts.numbers + (parts.numbers.count == 5 ? [0] : []), offset: parts.offset)
    }

    /// - Parameters:
    ///   - numbers: year, month, day, hour, minute, second.
    ///   - offset: from UTC, in minutes.
    private static func seconds(_ numbers: [Int], offset: Int) -> Int64? {
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1826...9999).contains(year), (1...12).contains(month), (1...lengths[month - 1]).contains(day),
            (0...23).contains(numbers[3]), (0...59).contains(numbers[4]), (0...60).contains(numbers[5]),
            abs(offset) <= 15 * 60
        else { return nil }
        let before = year - 1
        let days =
            365 * before + before / 4 - before / 100 + before / 400 + lengths[..<(month - 1)].reduce(0, +) + day - 1
            - 719_162  // days from the year 1 to 1970
        return Int64(days * 86400 + numbers[3] * 3600 + (numbers[4] - offset) * 60 + min(59, numbers[5]))
    }

    /// A date taken apart, whatever stands between its numbers.
    private struct Parts {
        var numbers: [Int] = []
        var words: [String] = []
        /// Minutes.
        var offset = 0

        init(_ text: String) {
            var zone: [Substring] = []
            var sign = 0
            var rest = text[...]
            while let character = rest.first {
                let run = rest.prefix { character.isASCII && character.isNumber ? $0.isASCII && $0.isNumber : false }
                let word = run.isEmpty ? rest.prefix(while: \.isLetter) : run
                if !run.isEmpty {
                    if sign == 0 { numbers.append(Int(run) ?? -1) } else { zone.append(run) }
                } else if !word.isEmpty {
                    words.append(word.lowercased())
                }
                rest = rest.dropFirst(max(1, word.count))
                // Between the numbers of a day a sign is a dash.
                if numbers.count >= 5, sign == 0 { sign = character == "+" ? 1 : character == "-" ? -1 : 0 }
                // A second's fraction.
                if character == ".", numbers.count == 6 { rest = rest.drop { $0.isASCII && $0.isNumber } }
            }
            let digits = zone.joined()
            if digits.count == 4, let number = Int(digits) { offset = sign * (number / 100 * 60 + number % 100) }
        }
    }
}
