import ArgumentParser
import CLIP
import Torch

// Options that several commands take, in groups: a command offers those that it honors, and no others. Groups of models and
// of computing declare their options themselves, and share what these say and allow: each group within a group makes the
// parser's checks of a debug build five times as long.

/// Options of a command that has a model do something.
protocol ModelCommandOptions: ParsableArguments {
    associatedtype Compute: PlaceOptions
    var named: ModelOptions { get }
    var compute: Compute { get }
    var output: OutputOptions { get }
}

extension ModelCommandOptions {
    var model: String? { named.model }
    var weights: String? { named.weights }
    var resolution: Int? { named.resolution }
    var contextLength: Int? { named.contextLength }
    var threads: Int? { compute.threads }
    var device: ComputePlace { compute.device.value }
    var json: Bool { output.json }

    /// Architecture, preprocessing and tokenizer, without weights.
    func describe() throws -> ModelDescription {
        try prepare()
        return try named.describe()
    }

    func prepare() throws { try compute.prepare() }
}

/// Options of a command that has a model answer.
struct SharedOptions: ModelCommandOptions {
    @OptionGroup var named: ModelOptions
    @OptionGroup var compute: AnsweringOptions
    @OptionGroup var output: OutputOptions

    /// Whether nothing is said of the model, nor of how to compute.
    var isPlain: Bool {
        model == nil && weights == nil && resolution == nil && contextLength == nil && compute.isPlain
    }

    /// The model, ready to answer.
    func load() throws -> CLIPModel {
        try describe().loaded(weights: weights, device: device.device, answering: compute.answering)
    }
}

/// Options of a command that trains a model.
struct LearningOptions: ModelCommandOptions {
    @OptionGroup var named: ModelOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var output: OutputOptions
}

/// For whom answers are written.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document on standard output.")
    var json = false
}

/// What an option of several groups takes.
enum OptionRange {
    static let resolution = 1...8192
    static let contextLength = 2...65_536
    static let threads = 1...1024

    /// - Throws: `ValidationError` for a number outside `range`.
    static func check(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
        if let value, !range.contains(value) {
            throw ValidationError("\(option) takes a number from \(range.lowerBound) to \(range.upperBound).")
        }
    }
}
