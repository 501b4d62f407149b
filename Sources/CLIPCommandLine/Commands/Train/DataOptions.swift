import ArgumentParser
import CLIPData
import CLIPTraining

/// Where pairs come from and how they are varied.
struct DataOptions: ParsableArguments {
    @Option(help: "Decoding threads.")
    var workers = 2
    @Option(help: "Shards read at once, by a thread each; the order of pairs depends on it.")
    var openShards = 1
    @Flag(help: "Draw shards with replacement instead of reading each once an epoch.")
    var datasetResampled = false
    @Option(
        help: ArgumentHelp(
            "With --dataset-resampled: how often each source between :: is drawn, as 1::3.", valueName: "factors"))
    var trainDataUpsamplingFactors: String?
    @Option(
        help: ArgumentHelp(
            "How processes share shards: exact (the steps are those of one process) or scale (each reads its own)."))
    var shardAssignment = ShardAssignment.Mode.exact
    @Option(help: "Least share of a picture's area that a random view covers.")
    var cropScale = 0.9
    @Option(help: "Share of views that are mirrored.")
    var mirror = 0.0
    @Option(help: "Share of views whose caption is one of the pair's others, such as its keywords.")
    var alternativeCaptions = 0.0
    @Flag(help: "Draw one of a pair's captions each time, by the weights in its JSON (without: equally).")
    var weightedCaptions = false
    @Option(help: "Pairs in the training data, where counting them would take long.")
    var trainNumSamples: Int?
    @Option(help: "A table's column of picture paths.")
    var csvImgKey = "filepath"
    @Option(help: "A table's column of captions.")
    var csvCaptionKey = "title"
    @Option(help: "A table's separator: one character (default: tab; comma in .csv files that have no tab).")
    var csvSeparator: String?

    func validate() throws {
        guard (1...256).contains(workers), (1...1024).contains(openShards) else {
            throw ValidationError("--workers takes 1 to 256, --open-shards 1 to 1024.")
        }
        _ = try factors()
        guard !weightedCaptions || alternativeCaptions == 0 else {
            throw ValidationError("Give --weighted-captions or --alternative-captions, not both.")
        }
        guard cropScale > 0, cropScale <= 1, (0...1).contains(mirror) else {
            throw ValidationError("--crop-scale takes a share above 0 and up to 1, --mirror one from 0 to 1.")
        }
    }

    /// Opens what `--train-data` names.
    func trainingSource(_ specification: String) throws -> PairSource {
        try source(specification, weights: factors())
    }

    /// Opens what `--val-data` names.
    func source(_ specification: String, weights: [Double]? = nil) throws -> PairSource {
        var table = TableOptions()
        table.imageColumn = csvImgKey
        table.captionColumn = csvCaptionKey
        if let csvSeparator {
            let plain = csvSeparator == "\\t" ? "\t" : csvSeparator
            guard plain.count == 1 else { throw ValidationError("--csv-separator takes one character.") }
            table.separator = plain.first
        }
        return try PairSource(specification, table: table, weights: weights)
    }

    /// open_clip's form: numbers between `::`.
    private func factors() throws -> [Double]? {
        guard let trainDataUpsamplingFactors else { return nil }
        guard datasetResampled else {
            throw ValidationError("--train-data-upsampling-factors needs --dataset-resampled.")
        }
        return try trainDataUpsamplingFactors.components(separatedBy: "::").map { text in
            guard let factor = Double(text) else {
                throw ValidationError("--train-data-upsampling-factors takes numbers between ::, such as 1::3.")
            }
            return factor
        }
    }

    /// Whether an epoch ends only after a number of batches.
    var hasEndlessEpochs: Bool { datasetResampled || shardAssignment == .scale }

    /// How the run reads its pairs.
    /// - Parameter batches: in an epoch, where only this ends it.
    func loading(batches: Int?) -> LoadingPlan {
        var plan = LoadingPlan()
        plan.threads = workers
        plan.openShards = openShards
        plan.drawsShardsWithReplacement = datasetResampled
        plan.assignment = shardAssignment
        plan.batchesPerEpoch = hasEndlessEpochs ? batches : nil
        return plan
    }

    func apply(to configuration: inout TrainingConfiguration) {
        configuration.augmentation.areaRange = cropScale...1
        configuration.augmentation.mirrorProbability = mirror
        configuration.alternativeCaptionProbability = alternativeCaptions
        configuration.weighsCaptions = weightedCaptions
    }
}

extension ShardAssignment.Mode: ExpressibleByArgument {}
