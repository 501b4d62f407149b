import Foundation
import Torch
import TorchNN

/// A file with a tower's network, for a model that is to begin with it.
struct ModelPart {
    private let checkpoint: Checkpoint
    private let translation: StateTranslation
    /// Entries that the tower has no place for.
    private(set) var leftOut: [String] = []
    /// By the model's names.
    private var parameters: [String: Tensor] = [:]
    private let foreign: [String]

    /// - Parameters:
    ///   - path: a file, or a directory in which Hugging Face's names are looked for.
    ///   - namings: those that the tower's family knows.
    /// - Throws: ``CLIPError/unknownLayout(path:examples:)`` for names of something else.
    init(_ path: String, named namings: [TowerNaming]) throws {
        checkpoint = try Checkpoint(path: path)
        guard let naming = TowerNaming.detected(among: namings, in: checkpoint) else {
            throw CLIPError.unknownLayout(
                path: path, examples: Array(checkpoint.tensors.keys.sorted().prefix(3)))
        }
        // One table serves either tower.
        translation = StateTranslation(layout: ParameterLayout(vision: naming, text: nil))
        (parameters, foreign) = try translation.moduleState(checkpoint.tensors, shapes: [:])
        let layout = translation.layout
        leftOut = checkpoint.tensors.keys.filter { layout.parameter(of: $0) == nil && layout.isIgnored($0) }.sorted()
    }

    /// The file's last layer, which scores classes: `[K, W]` and `[K]`; nil where none stands there, or several.
    func classifier() throws -> (weight: Tensor, bias: Tensor)? {
        let layers = leftOut.compactMap { name -> (Tensor, Tensor)? in
            guard name.hasSuffix(".weight"), let weight = checkpoint.tensors[name], weight.rank == 2,
                let bias = checkpoint.tensors[name.dropLast("weight".count) + "bias"], bias.shape == [weight.shape[0]]
            else { return nil }
            return (weight, bias)
        }
        guard layers.count == 1, let (weight, bias) = layers.first else { return nil }
        return (try weight.converted(to: .float32), try bias.converted(to: .float32))
    }

    private static let table = "text.token_embedding.weight"
    private static let positions = "text.positional_embedding"
    private static let block = "text.blocks."

    /// Keeps some blocks, under numbers of their own.
    /// - Parameters:
    ///   - layers: which, from the first on; nil for `count` of them, evenly, the first and the last among them.
    ///   - count: how many the model has.
    ///   - source: what messages call the model's configuration.
    mutating func choose(layers: [Int]?, of count: Int, source: String) throws -> [Int] {
        let numbers = Set(parameters.keys.compactMap(Self.blockNumber))
        let there = numbers.count
        func refuse(_ problem: String) -> CLIPError {
            .configuration(source: source, key: "text_cfg.hf_model_config.num_hidden_layers", problem: problem)
        }
        guard count <= there else {
            throw refuse("\(count) is more than the \(there) blocks of \(checkpoint.path)")
        }
        let chosen =
            layers
            ?? (0..<count).map { count == 1 ? 0 : Int((Double($0 * (there - 1)) / Double(count - 1)).rounded()) }
        guard chosen.count == count else {
            throw refuse("\(count) is not the number of blocks chosen, \(chosen.count)")
        }
        guard Set(chosen).count == count, chosen.allSatisfy(numbers.contains) else {
            throw refuse("blocks \(chosen) are not \(count) different ones of the \(there) of \(checkpoint.path)")
        }
        let places = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($1, $0) })
        var kept: [String: Tensor] = [:]
        for (name, tensor) in parameters {
            guard let number = Self.blockNumber(name) else {
                kept[name] = tensor
                continue
            }
            guard let place = places[number] else { continue }
            kept[Self.block + "\(place)" + name.dropFirst(Self.block.count).drop(while: \.isNumber)] = tensor
        }
        parameters = kept
        return chosen
    }

    private static func blockNumber(_ name: String) -> Int? {
        name.hasPrefix(block) ? Int(name.dropFirst(block.count).prefix(while: \.isNumber)) : nil
    }

    /// Positions behind the last that the model has are never read.
    mutating func cutPositions(like model: DualEncoder) throws {
        guard let own = model.stateShapes[Self.positions], let table = parameters[Self.positions], own.count == 2,
            table.rank == 2, table.shape[0] > own[0]
        else { return }
        parameters[Self.positions] = try table.slice(0..<own[0])
    }

    /// How far new tokens' vectors lie from the mean, over how far the others do: near, but not one like another.
    private static let newSpread = 0.1

    /// Gives each token of a vocabulary the vector that it had under another, and a new one about the mean of all if it had
    /// none.
    /// - Returns: how many had one.
    mutating func exchange(_ others: VocabularyLines, for own: VocabularyLines) throws -> Int {
        guard let table = parameters[Self.table], table.rank == 2, table.shape[0] == others.lines.count else {
            let rows = parameters[Self.table]?.shape.first ?? 0
            throw CLIPError.configuration(
                source: others.path, key: "lines",
                problem: "its \(others.lines.count) tokens are not the \(rows) of \(checkpoint.path)")
        }
        let places = Dictionary(uniqueKeysWithValues: others.lines.enumerated().map { ($1, Int64($0)) })
        let rows = own.lines.map { places[$0] }
        let values = try table.converted(to: .float32)
        let mean = try values.mean(along: 0, keep: true)
        let offsets = try values - mean
        let spread = try offsets.norm(along: 0, keep: true) * (1 / Double(values.shape[0]).squareRoot())  // [1, W]
        let drawn = try Tensor.normal([rows.count, values.shape[1]]) * (spread * Self.newSpread) + mean
        let known = rows.indices.filter { rows[$0] != nil }
        parameters[Self.table] = try drawn.replacingRows(
            Tensor(known.map(Int64.init)), with: values.rows(Tensor(rows.compactMap { $0 })))
        return known.count
    }

    /// The tower's parameters, for which everything has to be there that the file's names have a place for.
    /// - Parameter prefix: the tower's in the model.
    /// - Throws: ``CLIPError/weightsMismatch(path:model:_:)`` or ``CLIPError/nonFiniteWeights(path:key:)``.
    func state(for model: DualEncoder, under prefix: String) throws -> [String: Tensor] {
        let shapes = model.stateShapes
        let wanted = shapes.keys.filter { $0.hasPrefix(prefix) && translation.layout.place(of: $0) != nil }
        let optional = model.optionalNames
        let mismatch = StateMismatch(
            missing: wanted.filter { parameters[$0] == nil && !optional.contains($0) }.sorted(),
            unexpected: (foreign + parameters.keys.filter { shapes[$0] == nil }).sorted(),
            misshaped: parameters.sorted { $0.key < $1.key }.compactMap { name, tensor in
                guard let expected = shapes[name], expected != tensor.shape else { return nil }
                return .init(name: name, expected: expected, found: tensor.shape)
            })
        guard mismatch.isEmpty else {
            throw CLIPError.weightsMismatch(
                path: checkpoint.path, model: "the \(prefix == "text." ? "text" : "image") tower",
                mismatch.renamed { translation.checkpointName(of: $0) })
        }
        for (name, tensor) in parameters where try !tensor.isAllFinite() {
            throw CLIPError.nonFiniteWeights(path: checkpoint.path, key: translation.checkpointName(of: name))
        }
        return parameters
    }
}
