import ArgumentParser
import CLIP
import CLIPData
import CLIPText
import CLIPTraining
import Foundation

struct LoadingBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loading",
        abstract: "Pictures per second of the whole training loader, from source to batches of tensors.",
        discussion: """
            Example: clip benchmark loading --data 'corpus/train-{0000..0007}.tar' --size 224 --workers 2 --json

            Reads, decodes, takes a random view, resizes, tokenizes, stacks and normalizes, as training does, over and
            over until the time is up. Per core means by processor time, which other programs hardly disturb.
            """)

    @Option(help: ArgumentHelp("Tar shards, a CSV or TSV table, or a folder.", valueName: "source"))
    var data: String
    @Option(help: "Side of the views, in pixels (default: the model's; 224 where none is named).")
    var size: Int?
    @Option(help: "Decoding threads.")
    var workers = 2
    @Option(help: "Shards read at once.")
    var openShards = 1
    @Option(help: "Pairs in a batch.")
    var batchSize = 64
    @Option(help: "How long to measure.")
    var seconds = 10.0
    @Option(help: "Least share of a picture's area that a view covers.")
    var cropScale = 0.9
    @OptionGroup var columns: TableColumns
    @OptionGroup var model: ModelOptions
    @OptionGroup var processor: ThreadOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...8192).contains(size ?? 1), (1...256).contains(workers), (1...65536).contains(batchSize),
            (1...1024).contains(openShards), seconds > 0, seconds <= 86400, cropScale > 0, cropScale <= 1
        else {
            throw ValidationError("Sizes, threads and seconds are above 0, and the share is at most 1.")
        }
    }

    private struct Document: Encodable {
        var data: String
        var size: Int
        var workers: Int
        var pictures: Int
        var skipped: Int
        var seconds: Double
        var processorSeconds: Double
        var picturesPerSecond: Double
        var picturesPerSecondPerCore: Double
    }

    func run() throws {
        let source = try columns.open(data)
        try columns.check(source)
        var augmentation = TrainingAugmentation()
        augmentation.areaRange = cropScale...1
        let (tokenizer, preprocess) = try preparation()
        let decoder = PairDecoder(
            tokenizer: tokenizer, preprocessor: PicturePreprocessor(preprocess), augmentation: augmentation)
        var plan = LoadingPlan()
        plan.threads = workers
        plan.openShards = openShards
        let skipped = SkipCounter()
        // The first epoch warms up libraries and files; a source of a single batch is read more than once.
        _ = try pass(source, plan, decoder, skipped, epoch: 0, until: .infinity, batches: 4)
        let (start, processorStart) = (ProcessInfo.processInfo.systemUptime, ProcessUsage().processorSeconds)
        var pictures = 0
        var epoch = 1
        while ProcessInfo.processInfo.systemUptime - start < seconds {
            pictures += try pass(source, plan, decoder, skipped, epoch: epoch, until: start + seconds, batches: .max)
            epoch += 1
        }
        let elapsed = ProcessInfo.processInfo.systemUptime - start
        let processor = ProcessUsage().processorSeconds - processorStart
        try report(
            Document(
                data: data, size: preprocess.size, workers: workers, pictures: pictures, skipped: skipped.count,
                seconds: elapsed,
                processorSeconds: processor, picturesPerSecond: Double(pictures) / elapsed,
                picturesPerSecondPerCore: Double(pictures) / max(1e-9, processor)))
    }

    /// What the named model reads pictures and captions with, or CLIP's own.
    private func preparation() throws -> (any TextTokenizer, PreprocessConfiguration) {
        processor.prepare()
        guard model.model != nil || model.weights != nil else {
            return (try CLIPTokenizer(), PreprocessConfiguration(size: size ?? model.resolution ?? 224))
        }
        let description = try model.describe()
        var preprocess = try description.preprocess
        if let size { preprocess.size = size }
        return (try description.tokenizer(), preprocess)
    }

    /// One epoch, or what of it fits into the time. Returns the number of pictures.
    private func pass(
        _ source: PairSource, _ plan: LoadingPlan, _ decoder: PairDecoder, _ skipped: SkipCounter, epoch: Int,
        until end: Double, batches: Int
    ) throws -> Int {
        let pipeline = try plan.batches(
            of: source, at: DataCursor(epoch: epoch), batchSize: batchSize, seed: 0, decoder: decoder,
            onSkip: { _ in skipped.add() })
        defer { pipeline.cancel() }
        var pictures = 0
        for _ in 0..<batches {
            guard ProcessInfo.processInfo.systemUptime < end, let batch = try pipeline.next() else { break }
            pictures += batch.content.count
        }
        guard pictures > 0 || ProcessInfo.processInfo.systemUptime >= end else {
            throw CLIPDataError.invalidOption(
                name: "batch size", reason: "the data has fewer usable pairs than one batch of \(batchSize)")
        }
        return pictures
    }

    private func report(_ document: Document) throws {
        if output.json { return try Console.printJSON(document) }
        try Console.answer(
            String(
                format: "%.1f pictures per second with %d workers, %.1f per second and core (%d pictures, %.1f s)",
                document.picturesPerSecond, workers, document.picturesPerSecondPerCore, document.pictures,
                document.seconds))
    }
}

/// Counts on several threads.
private final class SkipCounter: @unchecked Sendable {
    private let lock = NSLock()
    private var total = 0

    var count: Int { lock.withLock { total } }

    func add() { lock.withLock { total += 1 } }
}
