import Testing
import Torch

@testable import CLIPTraining

/// The tiles of the loss on the meta device, which refuses tensors that are elsewhere: see
/// ``Torch/Device/Kind-swift.enum/meta``. What reads a number back cannot run there.
@Suite struct DeviceTests {
    private func block(rows: Int, columns: Int) throws -> PairBlock {
        let embeddings = try Tensor.zeros([7, 8], device: .meta)
        return try PairBlock(
            EmbeddedBatch(pictures: embeddings, texts: embeddings, logitScale: 2), duplicates: .negatives,
            tiling: Tiling(rows: rows, columns: columns), communicator: SingleProcess())
    }

    @Test(arguments: [(7, 7), (3, 2), (1, 7)]) func tilesMixNoDevices(_ rows: Int, _ columns: Int) throws {
        let block = try block(rows: rows, columns: columns)
        let similarities = try Similarities(
            unitPictures: block.pictures.rows, allUnitTexts: block.allTexts, logitScale: 2, tiles: block.tiles)
        let normalizers = try similarities.normalizers(masks: nil, own: block.own, over: SingleProcess())
        #expect(normalizers.rows.device == .meta && normalizers.rows.shape == [7])
        let products = try block.tiles.products(rowVectors: block.pictures.rows, columnVectors: block.allTexts) {
            let tile = try similarities.logits($0, $1)
            try normalizers.addSoftmaxes(in: tile, rows: block.tiles.rows[$0], columns: block.tiles.columns[$1])
            return tile
        }
        try block.addRightPictures(to: products.columns, times: -1, shared: false)
        let gradient = try block.pictures.gradient(from: products.rows)
        for tensor in [products.columns, gradient.embeddings] {
            #expect(tensor.device == .meta)
            #expect(tensor.shape == [7, 8])
        }
    }

    @Test func maximaAreKeptOnTheDevice() throws {
        let sums = try PowerSums(count: 5, floor: -1e30, device: .meta)
        try sums.add(Tensor.zeros([5, 3], device: .meta), along: 1, floor: -1e30)
        #expect(try sums.logarithms().device == .meta)
    }
}
