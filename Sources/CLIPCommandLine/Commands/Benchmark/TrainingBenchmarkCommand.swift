import ArgumentParser
import CLIP
import CLIPData
import CLIPTraining
import Foundation
import Torch

struct TrainingBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training",
        abstract: "Pairs per second and peak memory of whole training steps on random pictures.",
        discussion: """
            Example: clip benchmark training --model ViT-B-32 --batch-size 32 --precision bf16 --json

            A step is all of it: both towers forward and backward, the loss, the clipped gradient, AdamW. Captions are
            a file's lines, over and over. The figure is the median of the timed steps.
            """)

    @Option(help: "Pairs per step.")
    var batchSize = 32
    @Option(help: "Pairs through the towers at a time.")
    var microBatchSize: Int?
    @Option(help: "Steps that are timed.")
    var steps = 5
    @Option(help: "Steps before those.")
    var warmUp = 2
    @Option(help: ArgumentHelp("Captions to use, one a line.", valueName: "file"))
    var captionsFile: String?
    @Option(help: "Seed of weights and pictures.")
    var seed: UInt64 = 0
    @Flag(help: "Compute blocks' inner states again in the backward pass instead of keeping them.")
    var gradientCheckpointing = false
    @OptionGroup var model: ArchitectureOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard batchSize > 1, batchSize <= 1 << 24, (microBatchSize ?? 1) > 0, (1...100_000).contains(steps),
            (0...100_000).contains(warmUp)
        else { throw ValidationError("Sizes and steps are whole numbers above 0, and a batch has 2 pairs at least.") }
    }

    private struct Document: Encodable {
        var model: String
        var precision: String
        var device: String
        var batchSize: Int
        var microBatchSize: Int
        var gradientCheckpointing: Bool
        var pairsPerSecond: Double
        /// Processor time of all threads, for a figure that other programs on the machine disturb less.
        var processorSecondsPerPair: Double
        var peakResidentBytes: Int
        var secondsPerStep: [Double]
        var losses: [Double]
    }

    func run() throws {
        try compute.prepare()
        let description = try model.describe()
        try Engine.seed(seed)
        let clip = try description.untrained(device: compute.device.device)
        let captions = try captionsFile.map { try TextFile.lines($0) } ?? BenchmarkCaptions.lines
        let size = try description.preprocess.size
        var configuration = TrainingConfiguration(
            batchSize: batchSize, microBatchSize: microBatchSize, totalSteps: steps + warmUp)
        let tokens = try captions.map { try clip.tokenizer.tokenize($0).tokens }
        let isSplit = batchSize > configuration.microBatchSize
        let batch = TrainingBatch(
            pictures: isSplit ? try bytes(size: size) : try Tensor.normal([batchSize, 3, size, size]),
            preprocessor: isSplit ? try clip.preprocessor : nil,
            captions: (0..<batchSize).map { tokens[$0 % tokens.count] })
        configuration.learningRate = 1e-4
        configuration.warmupSteps = 0
        configuration.gradientNorm = 1
        configuration.precision = compute.precision
        configuration.techniques.checkpointsGradients = gradientCheckpointing
        let trainer = try Trainer(model: clip.model, configuration: configuration)
        var losses: [Double] = []
        var seconds: [Double] = []
        var processorStart = 0.0
        for step in 0..<warmUp + steps {
            if step == warmUp { processorStart = ProcessUsage().processorSeconds }
            let start = ProcessInfo.processInfo.systemUptime
            losses.append(try trainer.train(on: batch).loss)
            try compute.device.device.synchronize()
            if step >= warmUp { seconds.append(ProcessInfo.processInfo.systemUptime - start) }
            Console.status("step \(step + 1)/\(warmUp + steps)")
        }
        Console.endStatus()
        let processor = (ProcessUsage().processorSeconds - processorStart) / Double(steps * batchSize)
        try answer(
            Document(
                model: description.name, precision: configuration.precision.rawValue, device: compute.device.rawValue,
                batchSize: batchSize, microBatchSize: configuration.microBatchSize,
                gradientCheckpointing: gradientCheckpointing,
                pairsPerSecond: Double(batchSize) / seconds.sorted()[seconds.count / 2],
                processorSecondsPerPair: processor, peakResidentBytes: ProcessUsage().peakResidentBytes,
                secondsPerStep: seconds, losses: losses))
    }

    /// Random pictures as a loader leaves them for a batch that goes through the towers in parts: uint8 `[B, 3, S, S]`.
    private func bytes(size: Int) throws -> Tensor {
        var generator = SplitMix64(seed: seed)
        let count = batchSize * 3 * size * size
        let words = [UInt64](unsafeUninitializedCapacity: (count + 7) / 8) { buffer, initialized in
            for place in buffer.indices { buffer[place] = generator.next() }
            initialized = buffer.count
        }
        return try words.withUnsafeBytes {
            try Tensor(
                copying: UnsafeRawBufferPointer(rebasing: $0[..<count]), shape: [batchSize, 3, size, size],
                dtype: .uint8)
        }
    }

    private func answer(_ document: Document) throws {
        if output.json { return try Console.printJSON(document) }
        try Console.answer(
            "\(document.model), \(document.precision), batch \(batchSize): "
                + "\(Format.fixed(document.pairsPerSecond, 2)) pairs/s, "
                + "\(Format.fixed(document.processorSecondsPerPair * 1000, 1)) ms of processor time a pair, "
                + "\(document.peakResidentBytes >> 20) MiB at most")
    }
}
