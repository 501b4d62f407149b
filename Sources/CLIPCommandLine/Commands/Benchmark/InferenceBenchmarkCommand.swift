import ArgumentParser
import CLIP
import CLIPData
import CLIPTraining
import Foundation
import Torch

struct InferenceBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference",
        abstract: "Pictures or texts per second of a model that answers.",
        discussion: """
            Example: clip benchmark inference --model ViT-B-32 --kind images --batch-size 16 --precision bf16 --json

            images: random pictures, in memory, through the image tower. texts: captions through tokenizer and text tower, a
            file's lines over and over. files: pictures of a folder, from their bytes to vectors. tokens and pixels: the first
            step alone, texts to ids and files to pixels of the model's size. The figure is the median of the timed rounds. An architecture's name without weights is measured with random ones. Beside it stands the rate
            at which this machine multiplies large matrices in the same run, and which share of it was reached.
            """)

    /// What is turned into vectors.
    enum Kind: String, ExpressibleByArgument, CaseIterable, Encodable {
        case images
        case texts
        case files
        case tokens
        case pixels

        var readsFiles: Bool { self == .files || self == .pixels }
        var readsCaptions: Bool { self == .texts || self == .tokens }
    }

    @Option(help: "What to do: images, texts, files, tokens or pixels.")
    var kind = Kind.images
    @Option(help: "How many go through a tower at a time.")
    var batchSize = 16
    @Option(help: "Rounds that are timed.")
    var rounds = 7
    @Option(help: "Rounds before those.")
    var warmUp = 2
    @Option(help: ArgumentHelp("Captions for texts, one a line.", valueName: "file"))
    var captionsFile: String?
    @OptionGroup var found: PictureArguments
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard (1...65_536).contains(batchSize), (1...100_000).contains(rounds), (0...100_000).contains(warmUp) else {
            throw ValidationError("Sizes and rounds are whole numbers above 0.")
        }
        guard kind.readsFiles == found.areNamed else {
            throw ValidationError("Pictures are named for --kind files and pixels, and only for these.")
        }
        guard kind.readsFiles || pictures.isPlain else {
            throw ValidationError("How pictures are read goes with --kind files and pixels.")
        }
        guard captionsFile == nil || kind.readsCaptions else {
            throw ValidationError("--captions-file goes with --kind texts and tokens.")
        }
    }

    private struct Document: Encodable {
        var model: String
        var kind: Kind
        var precision: String
        var device: String
        var threads: Int
        var batchSize: Int
        var perSecond: Double
        var loadSeconds: Double
        var firstSeconds: Double
        var peakResidentBytes: Int
        /// Of large matrices in this precision, in the same run.
        var matrixOperationsPerSecond: Double
        /// Of that rate, counting products and convolutions alone; nil where the work is not only an image tower's.
        var shareOfMatrixRate: Double?
        var secondsPerRound: [Double]
    }

    func run() throws {
        let start = ProcessInfo.processInfo.systemUptime
        let description = try shared.describe()
        let hasWeights = shared.weights != nil || description.weightsPath != nil
        let clip =
            hasWeights
            ? try shared.load()
            : try description.untrained(device: shared.device.device, answering: shared.compute.answering)
        let loaded = ProcessInfo.processInfo.systemUptime
        let work = try work(clip)
        var seconds: [Double] = []
        for round in 0..<warmUp + rounds {
            let start = ProcessInfo.processInfo.systemUptime
            try Engine.inference { try work.run() }
            try shared.device.device.synchronize()
            seconds.append(ProcessInfo.processInfo.systemUptime - start)
            Console.status("round \(round + 1)/\(warmUp + rounds)")
        }
        Console.endStatus()
        let timed = Array(seconds.dropFirst(warmUp))
        let perSecond = Double(work.count) / timed.sorted()[timed.count / 2]
        let peak = ProcessUsage().peakResidentBytes
        let rate = try clip.matrixRate()
        try answer(
            Document(
                model: description.name, kind: kind, precision: clip.precision.rawValue,
                device: shared.device.rawValue, threads: Engine.threadCount, batchSize: batchSize,
                perSecond: perSecond, loadSeconds: loaded - start, firstSeconds: seconds[0],
                peakResidentBytes: peak, matrixOperationsPerSecond: rate,
                shareOfMatrixRate: work.operations.map { 2 * $0 * perSecond / rate }, secondsPerRound: timed))
    }

    /// What a round does.
    private struct Work {
        /// Pictures or texts.
        let count: Int
        /// Multiply-adds of one.
        var operations: Double?
        let run: () throws -> Void
    }

    private func work(_ clip: CLIPModel) throws -> Work {
        switch kind {
        case .images:
            let size = try clip.preprocessor.configuration.size
            let pictures = try Engine.inference { try Tensor.normal([batchSize, 3, size, size]) }
            return Work(
                count: batchSize, operations: TowerWork.image(of: clip.model.configuration).total
            ) { _ = try clip.model.encode(pictures: pictures).converted(to: .float32) }
        case .texts, .tokens:
            let lines = try captionsFile.map { try TextFile.lines($0) } ?? BenchmarkCaptions.lines
            let texts = (0..<batchSize).map { lines[$0 % lines.count] }
            let tokenizer = try clip.tokenizer
            if kind == .tokens { return Work(count: batchSize) { for text in texts { _ = tokenizer.tokenize(text) } } }
            return Work(count: batchSize) {
                _ = try clip.model.encode(captions: texts.map { tokenizer.tokenize($0).tokens }).converted(to: .float32)
            }
        case .pixels:
            let list = try found.list()
            let preprocessor = try clip.preprocessor
            var all: [PictureList.Found] = []
            func broken(_ name: String, _ error: any Error) throws { throw error }
            try list.forEach(onFailure: broken) { all.append($0) }
            guard !all.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
            return Work(count: all.count) { [all, pictures] in
                let read = ParallelMap.run(all, threads: Engine.threadCount) { picture in
                    Result { try Engine.onThisThreadAlone { try pictures.read(picture, for: preprocessor) } }
                }
                for result in read { _ = try result.get() }
            }
        case .files:
            let list = try found.list()
            let first = try EmbeddedPictures(list, clip, options: pictures, batchSize: batchSize, bad: .leftOut)
            guard !first.names.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
            return Work(count: first.names.count) {
                _ = try EmbeddedPictures(list, clip, options: pictures, batchSize: batchSize, bad: .leftOut)
            }
        }
    }

    private func answer(_ document: Document) throws {
        if shared.json { return try Console.printJSON(document) }
        let share = document.shareOfMatrixRate.map { ", \(Format.fixed($0 * 100, 0)) % of this machine's matrix rate" }
        try Console.answer(
            "\(document.model), \(document.precision), batch \(batchSize): "
                + "\(Format.fixed(document.perSecond, 1)) \(kind.rawValue)/s\(share ?? ""), "
                + "\(document.peakResidentBytes >> 20) MiB at most")
    }
}

/// Of the lengths that captions on the web have.
enum BenchmarkCaptions {
    static let lines = [
        "a red bicycle", "three hens on a green lawn behind a white fence", "the harbor at dawn seen from above",
        "old map", "a plate of noodles with mushrooms and spring onions beside a glass of tea",
        "the crest of a sailing club", "a woman reading a newspaper, drawn in ink", "scan_0042",
    ]
}

extension CLIPModel {
    /// Operations a second of large matrices as this model multiplies them.
    fileprivate func matrixRate() throws -> Double {
        let packing = precision.packing
        guard model.device.kind == .cpu, packing.isAvailable else {
            return try MatrixRate.measure(model.dtype, on: model.device)
        }
        return try MatrixRate.measure(packing)
    }
}
