import ArgumentParser
import CLIP

struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Make one file of the vectors that clip embed wrote in parts.",
        discussion: """
            Example: clip join vectors/ --output vectors.npy

            All parts, and all shards of "clip embed --shard", in the order of the list: the file, and the description
            beside it, are what "clip embed" writes of the whole list at once. A shard that is missing, not through, or of
            another model, list or setting is named, and nothing is written. Memory does not grow with the vectors.
            """)

    @Argument(help: ArgumentHelp("The folder that clip embed was given.", valueName: "folder"))
    var folder: String

    @Option(help: ArgumentHelp("A NumPy file to write.", valueName: "file.npy"))
    var output: String

    @OptionGroup var answer: OutputOptions

    struct Document: Encodable {
        var model: String
        var output: String
        var pictures: Int
        var leftOut: Int
        var parts: Int
        var shards: Int
    }

    func run() throws {
        try OutputFile.check(output)
        let join = try EmbeddingJoin(folder)
        let summary = join.summary
        try join.write(to: output) { Console.status("\($0)/\(summary.pictures) vectors") }
        Console.endStatus()
        if answer.json {
            return try Console.printJSON(
                Document(
                    model: join.space.model, output: output, pictures: summary.pictures, leftOut: summary.leftOut,
                    parts: summary.parts, shards: join.shards))
        }
        let left = summary.leftOut > 0 ? ", \(Format.grouped(summary.leftOut)) could not be read" : ""
        try Console.answer(
            "\(output): \(Format.grouped(summary.pictures)) pictures of "
                + "\(Format.counted(summary.parts, "part"))\(left)")
    }
}
