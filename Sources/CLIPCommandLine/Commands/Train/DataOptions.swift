import ArgumentParser
import CLIPData
import CLIPTraining

/// Where pairs come from and how they are varied.
struct DataOptions: ParsableArguments {
    @Option(help: "Decoding threads.")
    var workers = 2
    @Option(help: "Least share of a picture's area that a random view covers.")
    var cropScale = 0.9
    @Option(help: "Share of views that are mirrored.")
    var mirror = 0.0
    @Option(help: "Share of views whose caption is one of the pair's others, such as its keywords.")
    var alternativeCaptions = 0.0
    @Option(help: "Pairs in the training data, where counting them would take long.")
    var trainNumSamples: Int?
    @Option(help: "A table's column of picture paths.")
    var csvImgKey = "filepath"
    @Option(help: "A table's column of captions.")
    var csvCaptionKey = "title"
    @Option(help: "A table's separator: one character (default: tab; comma in .csv files that have no tab).")
    var csvSeparator: String?

    func validate() throws {
        guard (1...256).contains(workers) else { throw ValidationError("--workers takes 1 to 256.") }
        guard cropScale > 0, cropScale <= 1, (0...1).contains(mirror) else {
            throw ValidationError("--crop-scale takes a share above 0 and up to 1, --mirror one from 0 to 1.")
        }
    }

    /// Opens what `--train-data` or `--val-data` names.
    func source(_ specification: String) throws -> PairSource {
        var table = TableOptions()
        table.imageColumn = csvImgKey
        table.captionColumn = csvCaptionKey
        if let csvSeparator {
            let plain = csvSeparator == "\\t" ? "\t" : csvSeparator
            guard plain.count == 1 else { throw ValidationError("--csv-separator takes one character.") }
            table.separator = plain.first
        }
        return try PairSource(specification, table: table)
    }

    func apply(to configuration: inout TrainingConfiguration) {
        configuration.augmentation.areaRange = cropScale...1
        configuration.augmentation.mirrorProbability = mirror
        configuration.alternativeCaptionProbability = alternativeCaptions
    }
}
