import TestSupport
import Testing
import Torch

@Suite struct TensorTests {
    @Test func elementsTravelBothWays() throws {
        let values: [Float] = [1, -2, 3.5, 0, 7, 8]
        let tensor = try Tensor(values, shape: [2, 3])
        #expect(tensor.shape == [2, 3])
        #expect(tensor.dtype == .float32)
        #expect(try tensor.elements(Float.self) == values)
        #expect(try tensor.transposed().elements(Float.self) == [1, 0, -2, 7, 3.5, 8])
        #expect(try Tensor([Int64(1) << 40]).elements(Int64.self) == [1 << 40])
        #expect(try tensor.converted(to: .float16).bytes().count == 12)
    }

    @Test(arguments: [[2, 2], [7], [-1, 6], [Int.max, 2]])
    func aShapeThatDoesNotFitIsRefused(_ shape: [Int]) {
        #expect(throws: TorchError.self) { try Tensor([Float](repeating: 0, count: 6), shape: shape) }
    }

    @Test func memoryIsBorrowedNotCopiedAndItsOwnerKept() throws {
        final class Owner {
            let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 4)
            let onRelease: () -> Void
            init(onRelease: @escaping () -> Void) { self.onRelease = onRelease }
            deinit {
                memory.deallocate()
                onRelease()
            }
        }
        var released = false
        var owner: Owner? = Owner { released = true }
        let memory = try #require(owner?.memory)
        _ = memory.initialize(from: [1, 2, 3, 4])
        var view: Tensor?
        do {
            let tensor = try Tensor(
                borrowing: UnsafeRawBufferPointer(memory), ownedBy: #require(owner), shape: [4], dtype: .float32)
            view = try tensor.slice(1..<3)
        }
        owner = nil
        #expect(!released)
        memory[1] = 9
        #expect(try view?.elements(Float.self) == [9, 3])
        view = nil
        #expect(released)
    }

    @Test func operatorsGiveTheirTextbookResults() throws {
        let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        let b = try Tensor([5, 6, 7, 8] as [Float], shape: [2, 2])
        #expect(try a.matmul(b).elements(Float.self) == [19, 22, 43, 50])
        #expect(try (a + b).elements(Float.self) == [6, 8, 10, 12])
        #expect(try (a * 2 - 1).elements(Float.self) == [1, 3, 5, 7])
        #expect(try (b / a).elements(Float.self) == [5, 3, 7 / 3, 2])
        #expect(try a.argmax(along: 1).elements(Int64.self) == [1, 1])
        #expect(try a.sum(along: 0).elements(Float.self) == [4, 6])
        #expect(try Tensor.concatenated([a, b], dimension: 1).shape == [2, 4])
        #expect(try Tensor.stacked([a, b]).shape == [2, 2, 2])
        #expect(try a.split(1).map { try $0.elements(Float.self) } == [[1, 2], [3, 4]])
        #expect(try a.atPositions(Tensor([1, 0] as [Int64])).elements(Float.self) == [2, 3])
        let top = try a.largest(1)
        #expect(try top.values.elements(Float.self) == [2, 4])
        try expectClose(a.normalized().norm(along: 1), Tensor([1, 1] as [Float]))
        try expectClose(a.softmax(along: 1).sum(along: 1), Tensor([1, 1] as [Float]))
    }

    /// A look at exponents answers as one at every element does.
    @Test(
        arguments: [
            [0, 1, -2], [1, .nan, 2], [1, .infinity, 2], [.infinity, -.infinity, 0], [60_000, 60_000, 0],
            [3e38, 3e38, 1],
        ] as [[Float]])
    func finiteElementsAreToldFromOthers(_ values: [Float]) throws {
        let single = try Tensor(values)
        for dtype in [DType.float32, .float16, .bfloat16, .float64] {
            let tensor = try single.converted(to: dtype)
            let each = try tensor.converted(to: .float32).isFinite().allTrue()
            #expect(try tensor.isAllFinite() == each, "\(dtype)")
        }
        #expect(try single.isAllFinite() == values.allSatisfy(\.isFinite))
        #expect(try (single.converted(to: .float64) * 1e30).isAllFinite() == values.allSatisfy { abs($0) < 1e8 })
    }

    /// Long ones are read in blocks and by several threads.
    @Test(arguments: [DType.float32, .float16, .bfloat16])
    func oneElementThatIsNotFiniteIsFoundAnywhere(_ dtype: DType) throws {
        let count = 300_001
        for place in [nil, 0, 4095, 4096, 131_071, 131_072, 299_999, 300_000] {
            for value in [Float.nan, -.infinity] {
                var values = [Float](repeating: 60_000, count: count)
                if let place { values[place] = value }
                let tensor = try Tensor(values).converted(to: dtype)
                #expect(try tensor.isAllFinite() == (place == nil), "\(String(describing: place))")
                // Every other element, which do not lie in one piece.
                let even = try tensor.slice(0..<count - 1).reshaped([count / 2, 2]).transposed().slice(0..<1)
                #expect(try even.isAllFinite() == (place.map { $0 % 2 == 1 || $0 == count - 1 } ?? true))
            }
        }
    }

    @Test func libtorchsOwnMessageComesBack() throws {
        let a = try Tensor.zeros([2, 3])
        let error = #expect(throws: TorchError.self) { try a.matmul(Tensor.zeros([2, 3])) }
        #expect(error?.context == "aten::matmul")
        #expect(error?.message.contains("2x3") == true)
    }

    @Test func unknownOperatorsAndMissingArgumentsAreErrors() throws {
        let unknown = #expect(throws: TorchError.self) { try Operator("aten::no_such_operator").run() }
        #expect(unknown?.message.contains("no_such_operator") == true)
        let missing = #expect(throws: TorchError.self) { try Operator("aten::matmul").run(.tensor(Tensor.zeros([1]))) }
        #expect(missing?.message.contains("other") == true)
    }

    @Test func bytesResizeAsPillowDoes() throws {
        // Pillow 13, bicubic, 8x8 (31x + 17y) mod 256 to 4x4.
        let expected: [Int] = [26, 85, 150, 215, 59, 118, 190, 189, 94, 155, 204, 90, 127, 197, 127, 37]
        let pixels: [UInt8] = (0..<64).flatMap { (index: Int) -> [UInt8] in
            let gray = UInt8((31 * (index % 8) + 17 * (index / 8)) % 256)
            return [gray, gray, gray]
        }
        let picture = try Tensor(pixels, shape: [1, 8, 8, 3]).permuted([0, 3, 1, 2])
        let resized = try picture.resizedPictures(height: 4, width: 4, .bicubic)
        let found = try resized.select(0).select(0).elements(UInt8.self).map(Int.init)
        for (index, pair) in zip(found, expected).enumerated() {
            #expect(abs(pair.0 - pair.1) <= 1, "at \(index): \(pair.0) where Pillow has \(pair.1)")
        }
    }

    @Test func picturesTurnCounterclockwise() throws {
        let picture = try Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9] as [Float], shape: [1, 1, 3, 3])
        let turned = try picture.rotatedPictures(degrees: 90, background: 0)
        try expectClose(turned, Tensor([3, 6, 9, 2, 5, 8, 1, 4, 7] as [Float], shape: [1, 1, 3, 3]), tolerance: 1e-5)
        let wide = try Tensor((0..<24).map(Float.init), shape: [2, 3, 1, 4])
        try expectClose(
            wide.rotatedPictures(degrees: 180, background: 0), wide.flipped([2, 3]), tolerance: 1e-5, "upside down")
        // A square's corner lies outside what is turned by an eighth: there is only background.
        let corner = try Tensor.zeros([1, 1, 8, 8]).rotatedPictures(degrees: 45, background: 0.75)
        #expect(try corner.elements(Float.self)[0] == 0.75)
        #expect(try abs(corner.elements(Float.self)[27]) < 1e-6)
    }
}
