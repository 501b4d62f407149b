import FuzzSupport
import Safetensors

private let file = FuzzFile()

/// libFuzzer calls it with ever new bytes. Errors are right answers; crashes are not.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    file.replace(with: UnsafeRawBufferPointer(start: start, count: count))
    do {
        let tensors = try SafetensorsFile(path: file.path)
        for name in tensors.names {
            // Reading each byte shows whether its place lies in the file.
            try tensors.withBytes(of: name) { _ = $0.reduce(0, ^) }
        }
    } catch {
        _ = "\(error)"
    }
    return 0
}
