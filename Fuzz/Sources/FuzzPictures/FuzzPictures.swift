import Imaging

// Small enough that a picture takes milliseconds; larger ones are refused from their header.
private let options = DecodeOptions(memoryLimit: 1 << 20)

/// libFuzzer calls it with ever new bytes. Errors are right answers; crashes are not.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        let bytes = UnsafeRawBufferPointer(start: start, count: count)
        let picture = try Picture.decode(bytes, name: "fuzz", options: options)
        precondition(picture.pixels.count == picture.width * picture.height * 3)
    } catch {
        _ = "\(error)"
    }
    return 0
}
