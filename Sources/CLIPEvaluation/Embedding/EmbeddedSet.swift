import Foundation
import Imaging
import Torch

/// A set as a model sees it: what every figure is computed from.
public struct EmbeddedSet: Sendable {
    /// What was embedded, without the pictures.
    package struct Sample: Sendable, Equatable, Codable {
        package let key: String
        package var classes: [Int] = []
        /// Classes that it is counted for neither way.
        package var undecided: [Int]?
        package var captions: [String] = []
        package var group: String?
    }

    /// What it is called.
    public let name: String
    /// What its classes are called.
    public let classNames: [String]
    /// Sentences that come with it.
    public let templates: [String]
    /// Tells it from other sets, and from itself with other files.
    public let fingerprint: String
    /// Pictures that could not be read.
    public let skipped: Int
    /// float32 `[N, E]`, of unit length.
    public let vectors: Tensor
    /// What the image tower projects: float32 `[N, W]`, the features of a probe.
    public let states: Tensor
    package let samples: [Sample]
    /// Of the pictures, a clip's first frame.
    package let hashes: [PerceptualHash]

    /// N
    public var count: Int { samples.count }

    /// The one class of each sample.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where some have none, or several.
    public func labels() throws -> [Int] {
        try samples.map { sample in
            guard sample.classes.count == 1 else {
                throw EvaluationError.samples(
                    name: "\(name): \(sample.key)",
                    problem: sample.classes.isEmpty ? "it has no class" : "it has \(sample.classes.count) classes")
            }
            return sample.classes[0]
        }
    }

    /// Whether samples may have several classes.
    public var isMultiLabel: Bool { classNames.count > 1 && samples.contains { $0.classes.count > 1 } }

    /// The samples that have a class, of sets with one class a sample: pairs need not name a category.
    package func labelled() throws -> EmbeddedSet {
        let places = samples.indices.filter { !samples[$0].classes.isEmpty }
        guard !places.isEmpty else {
            throw EvaluationError.samples(name: name, problem: "none of its pictures has a class")
        }
        return places.count == count ? self : try selecting(places)
    }

    /// All captions, and the place of the sample that each belongs to.
    package func captions() -> (texts: [String], owners: [Int]) {
        var (texts, owners): ([String], [Int]) = ([], [])
        for (place, sample) in samples.enumerated() {
            texts += sample.captions
            owners += Array(repeating: place, count: sample.captions.count)
        }
        return (texts, owners)
    }

    /// The samples at these places, in this order.
    package func selecting(_ places: [Int]) throws -> EmbeddedSet {
        let indices = try Tensor(places.map(Int64.init))
        return EmbeddedSet(
            name: name, classNames: classNames, templates: templates, fingerprint: fingerprint, skipped: skipped,
            vectors: try vectors.rows(indices), states: try states.rows(indices), samples: places.map { samples[$0] },
            hashes: places.map { hashes[$0] })
    }
}

extension EmbeddedSet {
    /// As it is kept on disk.
    func tensors() throws -> [String: Tensor] {
        let text = try JSONEncoder().encode(samples)
        return [
            "vectors": vectors, "states": states,
            "hashes": try Tensor(hashes.map { Int64(bitPattern: $0.bits) }),
            "samples": try text.withUnsafeBytes { try Tensor(copying: $0, shape: [text.count], dtype: .uint8) },
            "skipped": try Tensor([Int64(skipped)]),
        ]
    }

    /// What ``tensors()`` gave; nil where something of it is missing or does not fit together.
    init?(_ tensors: [String: Tensor], of set: EvaluationSet) {
        guard let vectors = tensors["vectors"], let states = tensors["states"], let hashes = tensors["hashes"],
            let text = try? tensors["samples"]?.bytes(), let bits = try? hashes.elements(Int64.self),
            let skipped = try? tensors["skipped"]?.elements(Int64.self).first,
            let samples = try? JSONDecoder().decode([Sample].self, from: Data(text)),
            vectors.rank == 2, states.rank == 2,
            [vectors.shape[0], states.shape[0], bits.count].allSatisfy({
                $0 == samples.count
            })
        else { return nil }
        self.init(
            name: set.name, classNames: set.classNames, templates: set.templates, fingerprint: set.fingerprint,
            skipped: Int(skipped), vectors: vectors, states: states, samples: samples,
            hashes: bits.map { PerceptualHash(bits: UInt64(bitPattern: $0)) })
    }
}
