/// One tensor to be written: what it is called, what it is, and how to get its bytes when their turn comes, so that
/// a model larger than memory can be written from wherever it lies.
public struct SafetensorsItem {
    /// Takes the next part of a tensor's bytes.
    public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// The tensor's name; any string but `__metadata__`.
    public let name: String
    /// Element type.
    public let dtype: SafetensorsDType
    /// Lengths of the dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Hands all bytes to the sink, in order and in as many parts as it likes: row-major, little-endian.
    public let provide: (Sink) throws -> Void

    /// A tensor whose bytes are produced when they are needed.
    public init(name: String, dtype: SafetensorsDType, shape: [Int], provide: @escaping (Sink) throws -> Void) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.provide = provide
    }

    /// A tensor whose bytes are at hand.
    public init(name: String, dtype: SafetensorsDType, shape: [Int], bytes: [UInt8]) {
        self.init(name: name, dtype: dtype, shape: shape) { sink in try bytes.withUnsafeBytes(sink) }
    }
}
