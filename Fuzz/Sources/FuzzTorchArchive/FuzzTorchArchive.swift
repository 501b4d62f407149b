import FuzzSupport
import TorchArchive

private let file = FuzzFile()

/// libFuzzer calls it with ever new bytes. Errors are right answers; crashes are not.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    open(bytes)
    // What begins like a pickle is also put into an archive that is in order.
    if bytes.first == 0x80 { WrappedPickle.archive(bytes).withUnsafeBytes(open) }
    return 0
}

private func open(_ bytes: UnsafeRawBufferPointer) {
    file.replace(with: bytes)
    do {
        let archive = try TorchArchiveFile(path: file.path)
        for name in archive.names { try read(name, of: archive) }
    } catch {
        _ = "\(error)"
    }
}

/// Reading each byte shows whether the storage lies in the file; the last element, whether the tensor lies in it.
private func read(_ name: String, of archive: TorchArchiveFile) throws {
    guard let entry = archive.entry(name) else { return }
    let storage = try archive.storage(of: name)
    withExtendedLifetime(storage) {
        _ = UnsafeRawBufferPointer(start: storage.baseAddress, count: storage.count).reduce(0, ^)
    }
    _ = entry.isContiguous
    guard entry.elementCount > 0 else { return }
    let last = zip(entry.shape, entry.strides).reduce(entry.storageOffset) { $0 + ($1.0 - 1) * $1.1 }
    precondition((last + 1) * entry.dtype.byteCount <= storage.count)
}
