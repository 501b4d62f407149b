import Foundation
import Torch

/// How fast this machine multiplies matrices.
public enum MatrixRate {
    /// Floating-point operations a second of square matrices, over a few tenths of a second: about the most that training
    /// can come near.
    public static func measure(_ dtype: DType, on device: Device = .cpu, seconds: Double = 0.3) throws -> Double {
        let side = device.kind == .cpu ? 1024 : 8192
        return try Engine.inference {
            let left = try Tensor.normal([side, side], device: device).converted(to: dtype)
            let right = try Tensor.normal([side, side], device: device).converted(to: dtype)
            // The first product sets things up.
            _ = try left.linear(weight: right, bias: nil).sum().converted(to: .float32).item()
            let start = ProcessInfo.processInfo.systemUptime
            var count = 0.0
            var elapsed = 0.0
            repeat {
                var last = left
                for _ in 0..<8 { last = try left.linear(weight: right, bias: nil) }
                // Reading a number waits for a device that works on its own.
                _ = try last.slice(0..<1).sum().converted(to: .float32).item()
                count += 8
                elapsed = ProcessInfo.processInfo.systemUptime - start
            } while elapsed < seconds
            return count * 2 * pow(Double(side), 3) / elapsed
        }
    }
}
