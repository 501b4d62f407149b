/// A JPEG's segments from the first on, each with its marker's second byte and where its contents lie; they end where one is
/// not whole. What follows a scan's header (0xDA) is no segment: whoever gets there stops.
struct JPEGSegments: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var place = 2

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> (marker: UInt8, body: Range<Int>)? {
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            if marker == 0xFF {  // filling
                place += 1
                continue
            }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            let body = place + 4
            let end = place + 2 + length
            guard length >= 2, end <= bytes.count else { return nil }
            place = end
            return (marker, body..<end)
        }
        return nil
    }
}
