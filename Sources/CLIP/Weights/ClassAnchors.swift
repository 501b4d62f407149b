import Foundation
import Safetensors
import Torch

/// What a published classifier knows of its classes, without a picture of them: states that its network would pool from
/// pictures of a class, and what the classifier says of them. A model that begins with the classifier's network learns
/// from them, beside its own pictures, what the classes are called.
///
/// The states of a class are drawn about the mean of all pictures (``ClassifierTower/stateMoments()``), off in the direction
/// that linear discriminant analysis gives: the class's weights, less the mean of all classes', times the channels'
/// variances.
public struct ClassAnchors: Sendable {
    /// What each class is called.
    public let names: [String]
    /// `[K, W]`
    let weight: Tensor
    /// `[K]`
    let bias: Tensor
    /// `[W]`
    let mean: Tensor
    /// `[W]`
    let deviation: Tensor
    let range: ClosedRange<Double>
    /// Of length 1: `[K, W]`
    private let directions: Tensor

    /// Channels of a state.
    package var width: Int { mean.count }

    /// How far a class's states lie from the mean; 6 units make the classifier sure (0.99) of them, as it is of pictures.
    static let distance = 6.0
    /// How many deviations each channel wanders.
    static let noise = 0.3

    init(names: [String], weight: Tensor, bias: Tensor, mean: Tensor, deviation: Tensor, range: ClosedRange<Double>)
        throws
    {
        (self.names, self.weight, self.bias, self.mean, self.deviation) = (names, weight, bias, mean, deviation)
        self.range = range
        directions = try ((weight - weight.mean(along: 0, keep: true)) * deviation * deviation).normalized()
    }

    /// States of pictures that show one class, and some a little of another, with what the classifier says of each among the
    /// classes given.
    /// - Parameters:
    ///   - classes: places in ``names``; each gives a state.
    ///   - others: as many, mixed in.
    /// - Returns: `[N, W]`, and probabilities `[N, N]` over `classes`.
    package func draw(_ classes: [Int], mixedWith others: [Int]) throws -> (states: Tensor, answers: Tensor) {
        let (main, other) = (try Self.places(classes), try Self.places(others))
        let share = try Tensor.uniform([classes.count, 1]) * 0.5
        let strength = try Tensor.uniform([classes.count, 1]) + 0.5
        let direction = try directions.rows(main) * (share * -1 + 1) + directions.rows(other) * share
        let wandering = try Tensor.normal([classes.count, mean.count]) * deviation * Self.noise
        let states = try (mean + direction * strength * Self.distance + wandering).clamped(to: range)
        let scores = try states.productWithTransposed(weight.rows(main)) + bias.rows(main)
        return (states, try scores.softmax(along: 1))
    }

    private static func places(_ classes: [Int]) throws -> Tensor { try Tensor(classes.map(Int64.init)) }

    /// The matrix that brings the classes' weights, as far as one matrix can, to the classes' texts: least squares with a
    /// ridge, both less their means.
    /// - Parameter texts: of unit length, `[K, E]`.
    /// - Returns: `[E, W]`, scaled so that embeddings have a length of about 1.
    func projection(to texts: Tensor, ridge: Double = 0.1) throws -> Tensor {
        let centered = try texts - texts.mean(along: 0, keep: true)
        let classes = try weight - weight.mean(along: 0, keep: true)
        let square = try centered.transposed().matmul(centered) + Tensor.identity(texts.shape[1]) * ridge
        let matrix = try Tensor.solution(of: square, centered.transposed().matmul(classes))
        let states = try (mean + directions * Self.distance).clamped(to: range)
        let length = try states.productWithTransposed(matrix).norm(along: 1).mean().item()
        return try matrix / max(length, 1e-12)
    }

    // MARK: In a file

    private static let namesKey = "names"

    /// Writes them as safetensors. The file appears only when it is whole.
    public func write(to path: String) throws {
        let names = String(decoding: try JSONEncoder().encode(names), as: UTF8.self)
        let bounds = try Tensor([Float(range.lowerBound), Float(range.upperBound)])
        try TensorFile.write(
            ["weight": weight, "bias": bias, "mean": mean, "deviation": deviation, "range": bounds],
            metadata: [Self.namesKey: names], to: path)
    }

    /// Reads what ``write(to:)`` wrote.
    /// - Throws: `SafetensorsError`, or ``CLIPError/configuration(source:key:problem:)`` for a file of something else.
    public init(path: String) throws {
        func refuse(_ key: String, _ problem: String) -> CLIPError {
            .configuration(source: path, key: key, problem: problem)
        }
        let tensors = try TensorFile.read(path).mapValues { try $0.converted(to: .float32) }
        let text = try TensorFile.metadata(of: path)[Self.namesKey] ?? ""
        guard let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)), names.count > 1 else {
            throw refuse(Self.namesKey, "no list of classes stands there: it is not a file of clip assemble's")
        }
        func part(_ key: String, _ shape: [Int]) throws -> Tensor {
            guard let tensor = tensors[key] else { throw refuse(key, "is missing") }
            guard tensor.shape == shape else { throw refuse(key, "has the shape \(tensor.shape), not \(shape)") }
            guard try tensor.isAllFinite() else { throw refuse(key, "holds numbers that are not finite") }
            return tensor
        }
        let width = tensors["mean"]?.count ?? 0
        let bounds = try part("range", [2]).elements(Float.self).map(Double.init)
        guard bounds[0] <= bounds[1] else { throw refuse("range", "begins after its end") }
        try self.init(
            names: names, weight: part("weight", [names.count, width]), bias: part("bias", [names.count]),
            mean: part("mean", [width]), deviation: part("deviation", [width]), range: bounds[0]...bounds[1])
    }
}
