import ArgumentParser
import CLIPData
import CLIPTraining

/// Where pairs come from and how they are varied.
struct DataOptions: ParsableArguments, SettingOptions {
    @Option(help: "Decoding threads.")
    var workers = Given(\.data.workers)
    @Option(help: "Shards read at once, by a thread each; the order of pairs depends on it.")
    var openShards = Given(\.data.openShards)
    @Flag(help: "Draw shards with replacement instead of reading each once an epoch.")
    var datasetResampled = false
    @Option(
        help: ArgumentHelp(
            "With --dataset-resampled: how often each source between :: is drawn, as 1::3.", valueName: "factors"))
    var trainDataUpsamplingFactors: String?
    @Option(
        help: ArgumentHelp(
            "How processes share shards: exact (the steps are those of one process) or scale (each reads its own)."))
    var shardAssignment = Given(\.data.shardAssignment)
    @Option(help: "Least share of a picture's area that a random view covers.")
    var cropScale = Given(\.data.cropScale)
    @Option(help: "Share of views that are mirrored.")
    var mirror = Given(\.data.mirror)
    @Option(help: "Share of views whose white surroundings are filled with colors.")
    var background = Given(\.data.variations.background)
    @Option(help: "The largest turn of a view, in degrees.")
    var rotation = Given(\.data.variations.rotation)
    @Option(help: "How far a view's brightness, contrast and saturation may go from 1.")
    var colorJitter = Given(\.data.variations.jitter)
    @Option(help: "Share of views of which a rectangle is hidden.")
    var erasing = Given(\.data.variations.erasing)
    @Option(help: "Share of views whose caption is one of the pair's others, such as its keywords.")
    var alternativeCaptions = Given(\.data.alternativeCaptions)
    @Flag(help: "Draw one of a pair's captions each time, by the weights in its JSON (without: equally).")
    var weightedCaptions = false
    @Option(
        help: ArgumentHelp(
            "Languages to use the pairs' captions in besides their main one, such as zh,zh-Hant.", valueName: "tags"))
    var captionLanguages: String?
    @Option(help: "With --caption-languages: the share of views whose caption is in one of them.")
    var languageShare = Given(\.data.languageShare)
    @Option(help: "Pairs in the training data, where counting them would take long.")
    var trainNumSamples: Int?
    @Option(help: "A table's column of picture paths.")
    var csvImgKey = Given(\.sources.imageColumn)
    @Option(help: "A table's column of captions.")
    var csvCaptionKey = Given(\.sources.captionColumn)
    @Option(help: "A table's separator: one character (default: tab; comma in .csv files that have no tab).")
    var csvSeparator: String?

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("workers", \.data.workers) { $0.workers.given }.free,
            SettingKey("open-shards", \.data.openShards) { $0.openShards.given },
            SettingKey("dataset-resampled", \.data.drawsShardsWithReplacement) { $0.datasetResampled ? true : nil },
            SettingKey("train-data-upsampling-factors", optional: \.sources.factors) { $0.trainDataUpsamplingFactors },
            SettingKey("shard-assignment", \.data.shardAssignment) { $0.shardAssignment.given },
            SettingKey("crop-scale", \.data.cropScale, decides: "augmentation.areaRange") { $0.cropScale.given },
            SettingKey("mirror", \.data.mirror, decides: "augmentation.mirrorProbability") { $0.mirror.given },
            SettingKey("background", \.data.variations.background, decides: "augmentation.variations.background") {
                $0.background.given
            },
            SettingKey("rotation", \.data.variations.rotation, decides: "augmentation.variations.rotation") {
                $0.rotation.given
            },
            SettingKey("color-jitter", \.data.variations.jitter, decides: "augmentation.variations.jitter") {
                $0.colorJitter.given
            },
            SettingKey("erasing", \.data.variations.erasing, decides: "augmentation.variations.erasing") {
                $0.erasing.given
            },
            SettingKey("alternative-captions", \.data.alternativeCaptions, decides: "alternativeCaptionProbability") {
                $0.alternativeCaptions.given
            },
            SettingKey("weighted-captions", \.data.weighsCaptions, decides: "weighsCaptions") {
                $0.weightedCaptions ? true : nil
            },
            SettingKey(
                "caption-languages", optional: \.data.captionLanguages, decides: "languages.languages",
                "languages.share"
            ) { $0.captionLanguages },
            SettingKey("language-share", \.data.languageShare, decides: "languages.share") {
                $0.languageShare.given
            },
            SettingKey("train-num-samples", optional: \.sources.pairCount, decides: "totalSteps") {
                $0.trainNumSamples
            },
            SettingKey("csv-img-key", \.sources.imageColumn) { $0.csvImgKey.given },
            SettingKey("csv-caption-key", \.sources.captionColumn) { $0.csvCaptionKey.given },
            SettingKey("csv-separator", optional: \.sources.separator) { $0.csvSeparator },
        ]
    }

    func validate() throws {
        guard (1...256).contains(workers.value), (1...1024).contains(openShards.value) else {
            throw ValidationError("--workers takes 1 to 256, --open-shards 1 to 1024.")
        }
        guard trainNumSamples ?? 1 > 0 else {
            throw ValidationError("Sizes, epochs and steps are whole numbers above 0.")
        }
        guard cropScale.value > 0, cropScale.value <= 1, (0...1).contains(mirror.value) else {
            throw ValidationError("--crop-scale takes a share above 0 and up to 1, --mirror one from 0 to 1.")
        }
        guard [background, erasing].allSatisfy({ (0...1).contains($0.value) }), (0...180).contains(rotation.value),
            (0...1).contains(colorJitter.value)
        else {
            throw ValidationError(
                "--background, --erasing and --color-jitter take numbers from 0 to 1, --rotation degrees up to 180.")
        }
        if let csvSeparator, csvSeparator != "\\t", csvSeparator.count != 1 {
            throw ValidationError("--csv-separator takes one character.")
        }
        do { _ = try applied().sources.weights() } catch {
            throw ValidationError("--train-data-upsampling-factors takes numbers between ::, such as 1::3.")
        }
    }

    /// What goes together, in the whole of a run's settings.
    static func check(_ settings: TrainingSettings) throws {
        guard settings.sources.factors == nil || settings.data.drawsShardsWithReplacement else {
            throw ValidationError("--train-data-upsampling-factors needs --dataset-resampled.")
        }
        guard
            settings.data.captionLanguages != nil
                || settings.data.languageShare == TrainingSettings().data.languageShare
        else { throw ValidationError("--language-share goes with --caption-languages.") }
        guard (0...1).contains(settings.data.languageShare) else {
            throw ValidationError("--language-share takes a share from 0 to 1.")
        }
        guard !settings.data.weighsCaptions || settings.data.alternativeCaptions == 0 else {
            throw ValidationError("Give --weighted-captions or --alternative-captions, not both.")
        }
    }
}

extension ShardAssignment.Mode: ExpressibleByArgument {}
