import ArgumentParser
import CLIPData
import Files

/// How a table of pictures and captions is read: the options that "clip train" has as settings of a run.
struct TableColumns: ParsableArguments {
    @Option(help: ArgumentHelp("A table's column of picture paths.", valueName: "name"))
    var csvImgKey = TableOptions().imageColumn
    @Option(help: ArgumentHelp("A table's column of captions.", valueName: "name"))
    var csvCaptionKey = TableOptions().captionColumn
    @Option(
        help: ArgumentHelp(
            "A table's separator: one character (default: tab; comma in .csv files that have no tab).",
            valueName: "character"))
    var csvSeparator: String?

    func validate() throws {
        if let csvSeparator, csvSeparator != "\\t", csvSeparator.count != 1 {
            throw ValidationError("--csv-separator takes one character.")
        }
    }

    /// Refuses options that the source does not heed.
    func check(_ source: PairSource) throws {
        let isPlain =
            csvSeparator == nil && csvImgKey == TableOptions().imageColumn
            && csvCaptionKey == TableOptions().captionColumn
        guard isPlain || source.kind == .table else {
            throw ValidationError(
                "The --csv-... options are for tables, and the data are \(source.kind == .shards ? "shards" : "a folder")."
            )
        }
    }

    /// Opens a source whose table, if it is one, is read so.
    func open(_ specification: String) throws -> PairSource {
        try PairSource(specification, table: table)
    }

    var table: TableOptions {
        let separator = csvSeparator.flatMap { $0 == "\\t" ? "\t" : $0.first }
        return TableOptions(separator: separator, imageColumn: csvImgKey, captionColumn: csvCaptionKey)
    }
}

extension PairSource {
    /// Says what is made of a folder that is not plain.
    func tellOfFolders(_ name: String) {
        for folder in repeatedFolders {
            Console.warning(
                "\(Folder.join(name, folder)) leads to a folder that was read already; its pictures are taken once.")
        }
        if let classNames {
            Console.note("clip: no captions in \(name): its \(classNames.count) folders are taken for classes")
        }
    }
}
