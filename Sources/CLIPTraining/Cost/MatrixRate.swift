import CLIPData
import Foundation
import Torch

/// How fast this machine multiplies matrices.
public enum MatrixRate {
    /// Floating-point operations a second of square matrices, over a few tenths of a second: about the most that training
    /// can come near.
    public static func measure(_ dtype: DType, on device: Device = .cpu, seconds: Double = 0.3) throws -> Double {
        let side = device.kind == .cpu ? 1024 : 8192
        return try Engine.inference {
            let right = try Tensor.normal([side, side], device: device).converted(to: dtype)
            return try measure(side, dtype, device, seconds) { try $0.linear(weight: right, bias: nil) }
        }
    }

    /// The same of products by packed matrices on the CPU, each core with products of its own: about the most that answers can come
    /// near.
    public static func measure(_ packing: MatrixPacking, seconds: Double = 0.3) throws -> Double {
        let cores = Engine.threadCount
        let rates = ParallelMap.run(Array(0..<cores), threads: cores) { _ in
            Result {
                try Engine.onThisThreadAlone {
                    try Engine.inference {
                        let right = try Tensor.normal([1024, 1024]).packed(packing)
                        return try measure(1024, packing.dtype, .cpu, seconds) {
                            try $0.product(withPacked: right, bias: nil)
                        }
                    }
                }
            }
        }
        return try rates.reduce(0) { try $0 + $1.get() }
    }

    private static func measure(
        _ side: Int, _ dtype: DType, _ device: Device, _ seconds: Double, _ product: (Tensor) throws -> Tensor
    ) throws -> Double {
        let left = try Tensor.normal([side, side], device: device).converted(to: dtype)
        // The first product sets things up.
        _ = try product(left).sum().converted(to: .float32).item()
        let start = ProcessInfo.processInfo.systemUptime
        var count = 0.0
        var elapsed = 0.0
        repeat {
            var last = left
            for _ in 0..<8 { last = try product(left) }
            // Reading a number waits for a device that works on its own.
            _ = try last.slice(0..<1).sum().converted(to: .float32).item()
            count += 8
            elapsed = ProcessInfo.processInfo.systemUptime - start
        } while elapsed < seconds
        return count * 2 * pow(Double(side), 3) / elapsed
    }
}
