import CLIP
import Files
import Foundation
import Imaging
import Torch

/// What a probe's measurement gives.
public struct ProbeOutcome: Sendable {
    /// What it was measured on.
    public let test: EmbeddedSet
    /// Of the image tower's features.
    public let probe: ProbeResult
    /// Of the classes' names alone.
    public let zeroShot: ZeroShotResult
    /// Of the pixels; nil where that was not asked for.
    public let pixels: ProbeResult?
    /// The classifier, to be kept.
    public let head: ProbeHead
}

extension Evaluator {
    /// A linear classifier of the image tower's features, beside the classes' names and, if wanted, the pixels.
    /// - Parameters:
    ///   - validation: nil to take a part of `train`.
    ///   - withPixels: whether another probe learns from pixels.
    ///   - progress: told of every strength that was tried, and of what.
    public func probe(
        _ probe: Probe, train: EvaluationSet, validation: EvaluationSet? = nil, test: EvaluationSet,
        prompts: ClassPrompts? = nil, withPixels: Bool = false,
        progress: (_ name: String, _ trial: ProbeSweep.Trial) -> Void = { _, _ in }
    ) throws -> ProbeOutcome {
        let (learned, tested) = (try embedded(train), try embedded(test))
        let chosen = try validation.map { try LabelledFeatures(embedded($0)) }
        let sets = [train, validation, test].map { $0?.fingerprint ?? "" } + [probe.identity]
        let outcome = try fitted(["probe", fingerprint] + sets, "a probe of \(train.name) by \(clip.name)") {
            try probe.run(
                train: LabelledFeatures(learned), validation: chosen, test: LabelledFeatures(tested)
            ) { progress("probe", $0) }
        }
        let zeroShot = try zeroShot(tested, prompts ?? ClassPrompts(names: test.classNames))
        var pixels: ProbeResult?
        if withPixels {
            let grid = try PixelFeatures.grid(of: test)
            func features(_ set: EvaluationSet, _ embedded: EmbeddedSet) throws -> LabelledFeatures {
                let rows = embedded.samples.indices.filter { !embedded.samples[$0].classes.isEmpty }
                let pixels = try pixelFeatures(set, grid)
                guard pixels.shape[0] == embedded.count else {
                    throw EvaluationError.samples(
                        name: set.name,
                        problem: "\(pixels.shape[0]) of its pictures can be read, and the model takes \(embedded.count)"
                    )
                }
                return LabelledFeatures(
                    name: "\(set.name), pixels",
                    features: rows.count == embedded.count ? pixels : try pixels.rows(Tensor(rows.map(Int64.init))),
                    labels: try embedded.labelled().labels(), classNames: embedded.classNames)
            }
            let own = try validation.map { try features($0, embedded($0)) }
            pixels = try fitted(["probe", "pixels \(grid)"] + sets, "a probe of \(train.name)'s pixels") {
                try probe.run(
                    train: features(train, learned), validation: own, test: features(test, tested)
                ) { progress("pixels", $0) }
            }.result
        }
        let head = ProbeHead(
            classifier: outcome.classifier, classNames: learned.classNames, model: clip.name, fingerprint: fingerprint,
            data: learned.name)
        return ProbeOutcome(test: tested, probe: outcome.result, zeroShot: zeroShot, pixels: pixels, head: head)
    }

    /// A probe that was fitted before, or is now: the sweep takes minutes where features are many.
    private func fitted(
        _ parts: [String], _ description: String,
        _ fit: () throws -> (result: ProbeResult, classifier: LogisticRegression)
    ) throws -> (result: ProbeResult, classifier: LogisticRegression) {
        guard let cache else { return try fit() }
        var made: (result: ProbeResult, classifier: LogisticRegression)?
        let kept = try cache.tensors(["3"] + parts, description) {
            let outcome = try fit()
            made = outcome
            let text = try ResultCoding.encoder().encode(outcome.result)
            return [
                "weight": outcome.classifier.weights, "bias": outcome.classifier.bias,
                "result": try text.withUnsafeBytes { try Tensor(copying: $0, shape: [text.count], dtype: .uint8) },
            ]
        }
        if let made { return made }
        guard let weights = kept["weight"], let bias = kept["bias"], let text = try kept["result"]?.bytes(),
            let result = try? ResultCoding.decoder().decode(ProbeResult.self, from: Data(text))
        else { return try fit() }
        let classCount = result.classification.classes.count
        return (result, LogisticRegression(weights: weights, bias: bias, classCount: classCount))
    }

    /// Probes that learn from few pictures a class, beside the classes' names.
    public func fewShot(
        _ fewShot: FewShot, train: EmbeddedSet, test: EmbeddedSet, prompts: ClassPrompts,
        progress: (_ shots: Int, _ draw: Int) -> Void = { _, _ in }
    ) throws -> FewShotResult {
        return try fewShot.run(
            train: LabelledFeatures(train), test: LabelledFeatures(test),
            zeroShot: zeroShot(test, prompts).classification?.top1, progress: progress)
    }

    /// Kept like embeddings: reading sixty thousand pictures takes longer than learning from them.
    private func pixelFeatures(_ set: EvaluationSet, _ grid: PixelFeatures.Grid) throws -> Tensor {
        guard let cache else { return try PixelFeatures.features(of: set, grid) }
        let kept = try cache.tensors(
            ["pixels", "1", set.fingerprint, "\(grid)"], "\(set.name): \(grid.columns)×\(grid.rows) pixels"
        ) { ["pixels": try PixelFeatures.features(of: set, grid)] }
        guard let features = kept["pixels"] else { return try PixelFeatures.features(of: set, grid) }
        return features
    }
}

/// Pixels as features: what the paper compares with where it says what a model knows no better than they do (section 3.1.5).
enum PixelFeatures {
    /// How large pictures are made.
    struct Grid: Equatable, CustomStringConvertible {
        let columns: Int
        let rows: Int
        let isGray: Bool

        var description: String { "\(columns)x\(rows)\(isGray ? " gray" : "")" }
    }

    /// Larger pictures are made smaller.
    private static let side = 32

    /// Pictures that are looked at to tell whether all are gray.
    private static let looked = 256

    /// The size of the first picture; 32 × 32 where that is larger. One value a pixel where the first pictures are gray.
    static func grid(of set: EvaluationSet) throws -> Grid {
        var first: Picture?
        var (isGray, seen) = (true, 0)
        try set.source.read(while: { sample in
            guard let picture = try? sample.pictures().first else { return true }
            if first == nil { first = picture }
            isGray = Self.isGray(picture)
            seen += 1
            return isGray && seen < looked
        })
        guard let first else { throw EvaluationError.samples(name: set.name, problem: "it holds no readable picture") }
        let isSmall = first.width <= side && first.height <= side
        return Grid(
            columns: isSmall ? first.width : side, rows: isSmall ? first.height : side, isGray: isGray)
    }

    private static func isGray(_ picture: Picture) -> Bool {
        picture.pixels.indices.allSatisfy { $0 % 3 == 0 || picture.pixels[$0] == picture.pixels[$0 - 1] }
    }

    /// float32 `[N, columns · rows · (1 or 3)]`, 0 to 1, of the pictures that can be read.
    static func features(of set: EvaluationSet, _ grid: Grid) throws -> Tensor {
        var values: [Float] = []
        var count = 0
        try set.source.read { sample in
            guard let picture = try? sample.pictures().first else { return }
            let colors: [Float]
            if picture.width == grid.columns, picture.height == grid.rows {
                colors = picture.pixels.map { Float($0) / 255 }
            } else {
                colors = picture.averaged(columns: grid.columns, rows: grid.rows).map { Float($0 / 255) }
            }
            if grid.isGray {
                for place in stride(from: 0, to: colors.count, by: 3) {
                    values.append((colors[place] + colors[place + 1] + colors[place + 2]) / 3)
                }
            } else {
                values += colors
            }
            count += 1
        }
        return try Tensor(values, shape: [count, values.count / max(1, count)])
    }
}

/// A linear classifier of one model's features, in a safetensors file beside the model.
public struct ProbeHead: Sendable {
    /// What it computes.
    public let classifier: LogisticRegression
    /// What its classes are called.
    public let classNames: [String]
    /// Whose features it was learned from.
    public let model: String
    /// Of that model.
    public let fingerprint: String
    /// What it was learned from.
    public let data: String

    private static let kind = "swift-clip probe"

    init(
        classifier: LogisticRegression, classNames: [String], model: String, fingerprint: String, data: String
    ) {
        (self.classifier, self.classNames, self.model) = (classifier, classNames, model)
        (self.fingerprint, self.data) = (fingerprint, data)
    }

    /// Writes it; the file appears only when it is whole.
    public func write(to path: String) throws {
        let names = try JSONEncoder().encode(classNames)
        try TensorFile.write(
            ["weight": classifier.weights, "bias": classifier.bias],
            metadata: [
                "kind": Self.kind, "classes": String(decoding: names, as: UTF8.self), "model": model,
                "fingerprint": fingerprint, "data": data,
            ], to: path)
    }

    /// Reads one.
    /// - Throws: ``EvaluationError/damaged(path:reason:)`` for another kind of file, `SafetensorsError`.
    public init(path: String) throws {
        let metadata = try TensorFile.metadata(of: path)
        guard metadata["kind"] == Self.kind, let text = metadata["classes"],
            let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)),
            let fingerprint = metadata["fingerprint"]
        else {
            throw EvaluationError.damaged(
                path: path, reason: "it is no probe's classifier")
        }
        let tensors = try TensorFile.read(path)
        guard let weights = tensors["weight"], let bias = tensors["bias"], weights.rank == 2, bias.rank == 1,
            weights.shape[0] == bias.shape[0], names.count > 1,
            weights.shape[0] == (names.count == 2 ? 1 : names.count),
            weights.dtype == .float32, bias.dtype == .float32
        else { throw EvaluationError.damaged(path: path, reason: "its weights do not fit its \(names.count) classes") }
        guard try weights.isAllFinite(), try bias.isAllFinite() else { throw EvaluationError.notFinite(name: path) }
        classifier = LogisticRegression(weights: weights, bias: bias, classCount: names.count)
        classNames = names
        model = metadata["model"] ?? "another model"
        self.fingerprint = fingerprint
        data = metadata["data"] ?? ""
    }

    /// The classes of pictures, best first, by features of the model that it was learned from.
    /// - Parameter states: float32 `[N, W]`
    /// - Throws: ``EvaluationError/mismatch(path:expected:found:)`` for another model's.
    package func ranked(_ states: Tensor, of evaluator: Evaluator) throws -> [[ScoredChoice]] {
        guard evaluator.isSameModel(as: fingerprint), states.shape[1] == classifier.weights.shape[1] else {
            throw EvaluationError.mismatch(path: "the head", expected: evaluator.clip.name, found: model)
        }
        return try Engine.withoutGradients {
            let scores = try classifier.scores(states)
            let (values, shares) = (
                try scores.elements(Float.self), try scores.softmax(along: 1).elements(Float.self)
            )
            return (0..<states.shape[0]).map { row in
                classNames.indices.map { place in
                    let at = row * classNames.count + place
                    return ScoredChoice(
                        index: place, label: classNames[place], score: Double(shares[at]),
                        similarity: Double(values[at]))
                }.sorted(by: ScoredChoice.isBetter)
            }
        }
    }
}
