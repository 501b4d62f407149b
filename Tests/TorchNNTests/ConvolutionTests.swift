import TestSupport
import Testing
import Torch

@testable import TorchNN

@Suite struct ConvolutionTests {
    /// Every output by its definition.
    private func plain(_ input: Tensor, _ layer: Convolution) throws -> Tensor {
        let (shape, kernel) = (input.shape, layer.weight.shape[2])
        let (channels, height, width, outputs) = (shape[1], shape[2], shape[3], layer.weight.shape[0])
        // Each output sees its own group's channels only.
        let perGroup = layer.weight.shape[1]
        let groups = channels / perGroup
        let pixels = try input.elements(Double.self)
        let weights = try layer.weight.tensor.elements(Double.self)
        let biases = try layer.bias?.tensor.elements(Double.self)
        let rows = (height + 2 * layer.shape.padding - kernel) / layer.shape.stride + 1
        let columns = (width + 2 * layer.shape.padding - kernel) / layer.shape.stride + 1
        var result: [Float] = []
        for batch in 0..<shape[0] {
            for output in 0..<outputs {
                for row in 0..<rows {
                    for column in 0..<columns {
                        var sum = biases?[output] ?? 0
                        for index in 0..<perGroup * kernel * kernel {
                            let (member, place) = index.quotientAndRemainder(dividingBy: kernel * kernel)
                            let channel = output / (outputs / groups) * perGroup + member
                            let y = row * layer.shape.stride + place / kernel - layer.shape.padding
                            let x = column * layer.shape.stride + place % kernel - layer.shape.padding
                            guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
                            let pixel = pixels[((batch * channels + channel) * height + y) * width + x]
                            sum += pixel * weights[output * perGroup * kernel * kernel + index]
                        }
                        result.append(Float(sum))
                    }
                }
            }
        }
        return try Tensor(result, shape: [shape[0], outputs, rows, columns])
    }

    @Test(arguments: [(1, 1, 0, false), (3, 1, 1, false), (3, 2, 1, true), (2, 2, 0, true)])
    func outputsAreTheirDefinition(_ kernel: Int, _ stride: Int, _ padding: Int, _ bias: Bool) throws {
        try withSeed(5) {
            let layer = try Convolution(3, 4, kernel: kernel, stride: stride, padding: padding, bias: bias)
            #expect((layer.bias != nil) == bias)
            let input = try Tensor.normal([2, 3, 6, 5])
            try expectClose(layer(input).detached(), plain(input, layer), tolerance: 1e-5)
        }
    }

    @Test(arguments: [(1, 3), (2, 7), (4, 3), (4, 1)]) func groupsSeeTheirOwnChannels(_ groups: Int, _ kernel: Int)
        throws
    {
        try withSeed(6) {
            let layer = try Convolution(4, 8, kernel: kernel, padding: kernel / 2, groups: groups, bias: true)
            #expect(layer.weight.shape == [8, 4 / groups, kernel, kernel])
            let input = try Tensor.normal([2, 4, 6, 5])
            try expectClose(layer(input).detached(), plain(input, layer), tolerance: 1e-5)
        }
    }

    @Test func poolingAverages() throws {
        let input = try Tensor((0..<16).map { Float($0) }, shape: [1, 1, 4, 4])
        #expect(try input.averagePooled(2).elements(Float.self) == [2.5, 4.5, 10.5, 12.5])
    }
}
