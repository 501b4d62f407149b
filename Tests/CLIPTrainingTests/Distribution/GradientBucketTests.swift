import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// Two layers, a scale, and a parameter that the output does not depend on. Nothing is drawn at random.
final class BucketModel: Module {
    let first: Parameter
    let unused: Parameter
    let second: Parameter
    let scale: Parameter

    init() throws {
        first = try Parameter(Tensor((0..<12).map { Float($0 % 5) / 4 - 0.4 }, shape: [3, 4]))
        unused = try Parameter(Tensor([Float(7)]))
        second = try Parameter(Tensor((0..<8).map { Float($0 % 3) / 2 - 0.3 }, shape: [4, 2]))
        scale = try Parameter(Tensor([Float(1.5)], shape: []))
    }

    /// - Parameter rows: which of the data's rows, of three numbers each.
    func loss(_ rows: Range<Int>) throws -> Tensor {
        let input = try Tensor(
            rows.flatMap { row in (0..<3).map { Float((row * 3 + $0) % 7) / 3 } }, shape: [rows.count, 3])
        return try input.matmul(first.tensor).exponential().matmul(second.tensor).sum() * scale.tensor
    }

    static func rows(of rank: Int) -> Range<Int> { rank * 2..<rank * 2 + 2 }
}

@Suite struct GradientBucketTests {
    /// What one process gets from all rows.
    private func expected(_ worldSize: Int) throws -> [String: Tensor] {
        let model = try BucketModel()
        try model.loss(0..<2 * worldSize).backward()
        var gradients: [String: Tensor] = [:]
        for (name, parameter) in model.namedParameters { gradients[name] = try parameter.tensor.gradient() }
        return gradients
    }

    /// - Parameter bytes: of a bucket: for one parameter each, for two, for all.
    @Test(arguments: [2, 3], [1, 80, 1 << 20]) func gradientsAreSummed(_ worldSize: Int, _ bytes: Int) throws {
        let expected = try expected(worldSize)
        try onCommunicators(worldSize) { communicator in
            let model = try BucketModel()
            let buckets = GradientBuckets(model.namedParameters, communicator: communicator, bucketBytes: bytes)
            for step in 0..<3 {
                for parameter in model.parameters { try parameter.tensor.setGradient(nil) }
                try buckets.begin()
                try model.loss(BucketModel.rows(of: communicator.rank)).backward()
                try buckets.finish()
                for (name, parameter) in model.namedParameters {
                    guard let wanted = expected[name] else {
                        #expect(try parameter.tensor.gradient() == nil, "\(name)")
                        continue
                    }
                    try expectClose(#require(try parameter.tensor.gradient()), wanted, tolerance: 1e-6, name)
                }
                let counts = [1: 4, 80: 2, 1 << 20: 1]
                #expect(buckets.bucketCount == counts[bytes])
                // Once the order of arrival is known, only what never arrives is left for the end.
                if step > 0 { #expect(buckets.overlappedCount == [1: 3, 80: 1, 1 << 20: 0][bytes]) }
            }
        }
    }

    /// Earlier passes of a step add up without being sent; gradients of parts that are locked stay away.
    @Test func onlyTheLastPassIsSentAndLockedPartsNever() throws {
        let expected = try expected(2)
        try onCommunicators(2) { communicator in
            let model = try BucketModel()
            let buckets = GradientBuckets(model.namedParameters, communicator: communicator)
            let rows = BucketModel.rows(of: communicator.rank)
            let before = communicator.traffic.bytes
            try model.loss(rows.lowerBound..<rows.lowerBound + 1).backward()
            #expect(communicator.traffic.bytes == before)
            try buckets.begin()
            try model.loss(rows.lowerBound + 1..<rows.upperBound).backward()
            try buckets.finish()
            try expectClose(
                #require(try model.first.tensor.gradient()), #require(expected["first"]), tolerance: 1e-6, "first")

            // New values, as a checkpoint brings them, and one part locked from now on.
            let values = try model.second.tensor.detached().copied()
            try model.second.replace(with: values)
            try model.first.tensor.setGradient(nil)
            try model.first.tensor.setRequiresGradient(false)
            for parameter in model.parameters { try parameter.tensor.setGradient(nil) }
            let start = communicator.traffic.bytes
            try buckets.begin()
            try model.loss(rows).backward()
            try buckets.finish()
            #expect(try model.first.tensor.gradient() == nil)
            try expectClose(
                #require(try model.second.tensor.gradient()), #require(expected["second"]), tolerance: 1e-6, "second")
            // Second, scale and unused, and four numbers that say who has a gradient.
            #expect(communicator.traffic.bytes - start == 4 * (8 + 1 + 1) + 4 * 4)
        }
    }
}
