import Torch

/// Where the generators that a model draws from stand.
struct RandomState {
    private let device: Device
    private let host: Tensor?
    private let accelerator: Tensor?

    /// Where they stand now.
    init(_ device: Device) throws {
        self.device = device
        host = try Engine.randomState()
        accelerator = device.kind == .cpu ? nil : try Engine.randomState(on: device)
    }

    /// Where ``tensors`` say they stood. A state of a device that is not used now is left out.
    init(_ tensors: [String: Tensor], device: Device) throws {
        self.device = device
        // libtorch wants memory of its own, and the file's is not.
        host = try tensors["cpu"]?.copied()
        accelerator = device.kind == .cpu ? nil : try tensors["device"]?.copied()
    }

    /// For a checkpoint.
    var tensors: [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        tensors["cpu"] = host
        tensors["device"] = accelerator
        return tensors
    }

    func equals(_ other: RandomState) throws -> Bool {
        try host?.bytes() == other.host?.bytes() && accelerator?.bytes() == other.accelerator?.bytes()
    }

    func restore() throws {
        if let host { try Engine.setRandomState(host) }
        if let accelerator { try Engine.setRandomState(accelerator, on: device) }
    }
}
