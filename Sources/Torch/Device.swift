import CTorch

/// Where a tensor's memory is.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    /// c10's device type codes.
    public enum Kind: Int64, Sendable {
        /// The processor and its memory.
        case cpu = 0
        /// An NVIDIA GPU.
        case cuda = 1
        /// A Mac's GPU, by Metal Performance Shaders.
        case mps = 13
        /// Shapes and element types without memory or values. Operators refuse operands of which some are here and
        /// some elsewhere, as CUDA's do, so that a model that runs here mixes no devices.
        case meta = 14
    }

    /// Which sort of device.
    public let kind: Kind
    /// Which device of its kind; nil is the current one.
    public let index: Int?

    /// A device of a kind; without `index` the current one.
    public init(_ kind: Kind, index: Int? = nil) {
        self.kind = kind
        self.index = index
    }

    /// The processor and its memory.
    public static let cpu = Device(.cpu)
    /// The thread's current NVIDIA GPU.
    public static let cuda = Device(.cuda)
    /// A Mac's GPU.
    public static let mps = Device(.mps)
    /// Shapes without values; see ``Kind/meta``.
    public static let meta = Device(.meta)

    /// Whether this build of libtorch and this machine can use the device.
    public var isAvailable: Bool {
        switch kind {
        case .cpu, .meta: true
        case .cuda: ct_cuda_is_available()
        case .mps: ct_mps_is_available()
        }
    }

    /// Waits until all work given to the device is done.
    public func synchronize() throws {
        if kind == .cuda { try check(ct_cuda_synchronize(), "cuda synchronize") }
    }

    /// As PyTorch writes it: "cpu", "cuda:1".
    public var description: String {
        let name =
            switch kind {
            case .cpu: "cpu"
            case .cuda: "cuda"
            case .mps: "mps"
            case .meta: "meta"
            }
        return index.map { "\(name):\($0)" } ?? name
    }

    var code: Int64 { kind.rawValue | Int64(index ?? 0xff) << 8 }

    init?(code: Int64) {
        guard let kind = Kind(rawValue: code & 0xff) else { return nil }
        let index = Int(code >> 8 & 0xff)
        self.init(kind, index: index == 0xff ? nil : index)
    }
}
