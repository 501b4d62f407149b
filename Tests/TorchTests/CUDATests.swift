import TestSupport
import Testing
import Torch

/// What the door says of GPUs must hold with and without one.
@Suite struct CUDATests {
    @Test func availabilityAndCountAgree() {
        #expect(Device.cuda.isAvailable == (CUDA.deviceCount > 0))
    }

    @Test func aMissingGPUIsRefusedWithAMessage() throws {
        let missing = CUDA.deviceCount
        for use in [
            { try CUDA.setDevice(missing) }, { _ = try CUDA.memory(of: missing) },
            { _ = try CUDA.properties(of: missing) }, { try CUDA.resetPeakMemory(of: missing) },
        ] {
            let error = #expect(throws: TorchError.self) { try use() }
            #expect(error?.message.isEmpty == false)
        }
    }

    @Test func eventsWorkWhereThereIsAGPU() throws {
        guard Device.cuda.isAvailable else {
            #expect(throws: TorchError.self) { try CUDAEvent() }
            return
        }
        let (start, end) = (try CUDAEvent(), try CUDAEvent())
        try start.record()
        let product = try Tensor.ones([64, 64], device: .cuda).matmul(Tensor.ones([64, 64], device: .cuda))
        try end.record()
        try end.synchronize()
        #expect(try end.seconds(since: start) >= 0)
        #expect(try product.sum().item() == 64 * 64 * 64)
        #expect(try CUDA.memory().allocatedPeak > 0)
    }

    @Test func uploadsKeepValues() throws {
        let device = Device.cuda.isAvailable ? Device.cuda : .cpu
        let values: [Float] = [1, 2, 3]
        #expect(try Tensor(values).uploaded(to: device).elements(Float.self) == values)
    }

    @Test func theMetaDeviceHasShapesOnly() throws {
        let tensor = try Tensor.zeros([2, 3], device: .meta)
        #expect(try tensor.matmul(tensor.transposed()).shape == [2, 2])
        #expect("\(tensor.device)" == "meta")
        #expect(throws: TorchError.self) { try tensor.elements(Float.self) }
    }

    @Test func theMetaDeviceRefusesToBeMixed() throws {
        let (here, nowhere) = (try Tensor.zeros([2, 2]), try Tensor.zeros([2, 2], device: .meta))
        #expect(throws: TorchError.self) { try here.matmul(nowhere) }
        #expect(throws: TorchError.self) { try nowhere.rows(Tensor([Int64(0)])) }
        #expect(throws: TorchError.self) { try Tensor.concatenated([here, nowhere]) }
        #expect(try here.moved(to: .meta).device == .meta)
    }

    @Test func copiesAreDifferentiableOutsideInference() throws {
        let kept = try Engine.inference { try Engine.outsideInference { try Tensor([Float(2)]).copied() } }
        let leaf = try Tensor([Float(3)]).setRequiresGradient()
        try (leaf * kept).sum().backward()
        #expect(try leaf.gradient()?.elements(Float.self) == [2])
    }

    @Test func productPrecisionIsTaken() throws {
        for precision in Engine.ProductPrecision.allCases { try Engine.setProductPrecision(precision) }
        try Engine.setProductPrecision(.highest)
    }
}
