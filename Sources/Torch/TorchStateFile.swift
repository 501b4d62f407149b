import CTorch
import Files
import Foundation

/// State dictionaries in PyTorch's own format, which `torch.load` reads. The bytes are libtorch's.
public enum TorchStateFile {
    /// Writes tensors under their names, in ascending order. The file appears only when it is whole.
    /// - Throws: `TorchError`, or `FileFault` where the file cannot be written.
    public static func write(_ tensors: [String: Tensor], to path: String) throws {
        let sorted = tensors.sorted { $0.key < $1.key }
        let values = try sorted.map { try $0.value.moved(to: .cpu).contiguous() }
        let names = sorted.map { strdup($0.key) }
        defer { for name in names { free(name) } }
        let sink = Sink()
        try withExtendedLifetime(values) {
            let status = ct_pickle_tensors(
                names.map { UnsafePointer($0) }, values.map { Optional($0.handle) }, names.count,
                { context, bytes, size in
                    guard let context, let bytes else { return }
                    Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue().data = Data(bytes: bytes, count: size)
                }, Unmanaged.passUnretained(sink).toOpaque())
            try check(status, "TorchStateFile")
        }
        try WholeFile.write(sink.data, to: path)
    }

    private final class Sink {
        var data = Data()
    }
}
