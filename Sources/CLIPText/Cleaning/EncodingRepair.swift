/// Undoes decoding in the wrong encoding ("mojibake"): ftfy's `fix_encoding`, with all its sub-steps.
struct EncodingRepair {
    private let detector: MojibakeDetector
    private let encodings: [SingleByteEncoding]
    private let shapes: UTF8Shapes
    /// The characters of bytes 128 to 159 in Windows-1252; unassigned bytes are left as controls.
    private let windows1252: [UInt32]

    init(_ data: DataSections, encodings: [SingleByteEncoding], tables: UnicodeTables) throws(CLIPTextError) {
        detector = try MojibakeDetector(data, tables: tables)
        shapes = try UTF8Shapes(data)
        self.encodings = encodings
        windows1252 = encodings.first { $0.name == "sloppy-windows-1252" }.map { Array($0.upper[..<32]) } ?? []
    }

    /// The text with mojibake undone, layer by layer, until a step changes nothing.
    func repaired(_ text: [UInt32]) -> [UInt32] {
        var text = text
        while let next = step(text), next != text { text = next }
        return text
    }

    /// One layer, or nil when the text looks fine or nothing helps.
    private func step(_ text: [UInt32]) -> [UInt32]? {
        guard text.contains(where: { $0 >= 0x80 }), detector.isBad(text[...]) else { return nil }
        for encoding in encodings {
            guard var bytes = encoding.encode(text[...]) else { continue }
            if encoding.name != "macroman" { bytes = ByteRepair.restoringNoBreakSpaces(bytes) }
            if encoding.isSloppy { bytes = ByteRepair.replacingLossySequences(bytes) }
            let hasVariants = bytes.contains { $0 == 0xED || $0 == 0xC0 }
            if let fixed = UTF8Variants.decode(bytes, allowingVariants: hasVariants) { return fixed }
        }
        if let fixed = repairingPieces(text) { return fixed }
        // What is left of Latin-1 was meant as Windows-1252.
        return text.contains { (0x80...0x9F).contains($0) } ? withoutControls(text) : nil
    }

    /// C1 controls as the Windows-1252 characters of the same bytes.
    private func withoutControls(_ text: [UInt32]) -> [UInt32] {
        text.map { (0x80...0x9F).contains($0) ? windows1252[Int($0) - 0x80] : $0 }
    }

    /// Repairs, each on its own, the pieces that look like UTF-8 (`decode_inconsistent_utf8`); nil when none changes.
    private func repairingPieces(_ text: [UInt32]) -> [UInt32]? {
        var out: [UInt32] = []
        var index = 0
        while index < text.count {
            guard let end = shapes.match(text, at: index) else {
                out.append(text[index])
                index += 1
                continue
            }
            let piece = Array(text[index..<end])
            // A piece that is the whole text would be repaired by itself again and again.
            if piece.count < text.count, detector.isBad(piece[...]) {
                out.append(contentsOf: repaired(piece))
            } else {
                out.append(contentsOf: piece)
            }
            index = end
        }
        return out == text ? nil : out
    }
}

/// Recognizes characters that look like the bytes of UTF-8 sequences read in a single-byte encoding.
struct UTF8Shapes {
    private var sets: [UInt32: UInt8] = [:]

    private static let names = ["first_of_2", "first_of_3", "first_of_4", "continuation", "continuation_strict"]

    init(_ data: DataSections) throws(CLIPTextError) {
        for (bit, name) in Self.names.enumerated() {
            for point in try data.members("utf8.\(name)") { sets[point, default: 0] |= 1 << UInt8(bit) }
        }
    }

    /// The end of the run of sequences that starts at `start`, if one may start there.
    func match(_ text: [UInt32], at start: Int) -> Int? {
        var end = start
        while let next = sequence(text, at: end) {
            if end == start, start > 0, has(text[start - 1], 4) { return nil }
            end = next
        }
        return end > start ? end : nil
    }

    private func sequence(_ text: [UInt32], at start: Int) -> Int? {
        guard start < text.count, let first = sets[text[start]], first & 0b111 != 0 else { return nil }
        for count in 1...3 where first & 1 << UInt8(count - 1) != 0 && start + count < text.count {
            if (1...count).allSatisfy({ has(text[start + $0], 3) }) { return start + count + 1 }
        }
        return nil
    }

    private func has(_ point: UInt32, _ bit: UInt8) -> Bool {
        sets[point, default: 0] & 1 << bit != 0
    }
}
