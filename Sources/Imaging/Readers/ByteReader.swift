/// Numbers out of a file's bytes, checked against its end.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    let name: String
    let format: PictureFormat
    var place = 0

    init(_ bytes: UnsafeRawBufferPointer, name: String, format: PictureFormat, at place: Int = 0) {
        (self.bytes, self.name, self.format, self.place) = (bytes, name, format, place)
    }

    func damaged(_ detail: String) -> ImagingError { .damaged(name: name, format: format, detail: detail) }

    /// The number of `size` bytes at `offset`, the least significant first.
    func number(_ offset: Int, _ size: Int) throws -> Int {
        guard offset >= 0, offset <= bytes.count - size else { throw damaged("it is cut short") }
        return (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    /// The same at the place reached, which moves on.
    mutating func next(_ size: Int = 1) throws -> Int {
        let value = try number(place, size)
        place += size
        return value
    }

    /// So many bytes at the place reached, which moves on.
    mutating func slice(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, place <= bytes.count - count else { throw damaged("it is cut short") }
        defer { place += count }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
    }
}
