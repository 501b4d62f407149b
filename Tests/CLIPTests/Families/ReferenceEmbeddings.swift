import TestSupport
import Testing
import Torch

@testable import CLIP

/// Compares a model's embeddings and logits with what its authors' code gives, element by element, relative to the
/// largest: with its parameters as they are, and with matrices packed for the processor.
/// - Parameter expected: `pixels` and `tokens` to encode; `image`, `text` and `logits` to come to.
func expectReferenceEmbeddings(_ model: DualEncoder, _ expected: [String: Tensor], _ name: String) throws {
    try expectEmbeddings(model, expected, name)
    try model.prepare(answering: Answering(.fp32), on: .cpu)
    try expectEmbeddings(model, expected, "\(name), packed")
}

private func expectEmbeddings(_ model: DualEncoder, _ expected: [String: Tensor], _ name: String) throws {
    try Engine.inference {
        let pictures = try model.encode(pictures: #require(expected["pixels"]))
        try expectClose(pictures, #require(expected["image"]), tolerance: 1e-5, "\(name): image")
        let texts = try model.encode(captions: FixtureModel.rows(#require(expected["tokens"])))
        try expectClose(texts, #require(expected["text"]), tolerance: 1e-5, "\(name): text")
        let bias = try model.logitBias?.tensor.item() ?? 0
        let products = try pictures.normalized().matmul(texts.normalized().transposed())
        let logits = try products * model.temperatureScale() + bias
        try expectClose(logits, #require(expected["logits"]), tolerance: 1e-5, "\(name): logits")
    }
}
