/// A checkpoint around a pickle: without it nearly every change of length would end at the zip archive's directory.
enum WrappedPickle {
    /// A zip archive with `r/data.pkl` and ten storages of 128 bytes.
    static func archive(_ pickle: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        func add(_ name: String, _ data: some Collection<UInt8>) {
            let offset = UInt32(bytes.count)
            // Method, time, date and check sum are 0; the lengths follow, and those of name and extra field.
            let middle =
                [UInt8](repeating: 0, count: 10) + little(UInt32(data.count)) + little(UInt32(data.count))
                + little(UInt16(name.utf8.count)) + [0, 0]
            bytes += little(UInt32(0x0403_4B50)) + [20, 0, 0, 0] + middle + Array(name.utf8) + data
            directory += little(UInt32(0x0201_4B50)) + [20, 0, 20, 0, 0, 0] + middle
            directory += [UInt8](repeating: 0, count: 10) + little(offset) + Array(name.utf8)
        }
        add("r/data.pkl", pickle)
        let keys = (0..<10).map(String.init)
        for key in keys { add("r/data/\(key)", [UInt8](repeating: 0x3C, count: 128)) }
        let count = little(UInt16(keys.count + 1))
        let end =
            little(UInt32(0x0605_4B50)) + [0, 0, 0, 0] + count + count + little(UInt32(directory.count))
            + little(UInt32(bytes.count)) + [0, 0]
        return bytes + directory + end
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}
