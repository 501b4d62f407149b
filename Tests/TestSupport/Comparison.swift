import Foundation
import Testing
import Torch

/// Expects equal shapes and elements within `tolerance` of the largest, naming the worst place otherwise.
public func expectClose(
    _ found: Tensor, _ expected: Tensor, tolerance: Double = 1e-6, _ name: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(found.shape == expected.shape, "\(name)", sourceLocation: sourceLocation)
    guard found.shape == expected.shape else { return }
    let left = try found.elements(Double.self)
    let right = try expected.elements(Double.self)
    let scale = max(1e-12, right.map(abs).max() ?? 0)
    // A value that is not a number must not look close to anything.
    let differences = zip(left, right).map { $0.isFinite && $1.isFinite ? abs($0 - $1) / scale : .infinity }
    guard let worst = differences.indices.max(by: { differences[$0] < differences[$1] }) else { return }
    #expect(
        differences[worst] <= tolerance,
        "\(name) worst at \(worst): \(left[worst]) where \(right[worst]) is expected, \(differences[worst]) of the largest",
        sourceLocation: sourceLocation)
}

private let generatorLock = NSRecursiveLock()

/// Runs `body` with libtorch's generator seeded and no other test drawing from it: whatever draws or seeds belongs in one,
/// a model with random weights too, since all tests share that generator.
public func withSeed<R>(_ seed: UInt64, _ body: () throws -> R) throws -> R {
    generatorLock.lock()
    defer { generatorLock.unlock() }
    try Engine.seed(seed)
    return try body()
}

/// A directory of its own for a test, removed at its end.
public func withTemporaryDirectory<R>(_ body: (String) throws -> R) throws -> R {
    let path = NSTemporaryDirectory() + "swift-clip-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}
