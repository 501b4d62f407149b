import ArgumentParser
import CLIP

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Find the nearest stored vectors, if both files are of one space.",
        discussion: """
            Example: clip embed --text "a red car" --output query.npy && clip compare query.npy pictures.npy

            Both files come from "clip embed". Vectors made with another model, tokenizer, preprocessing or
            normalization are refused, with what differs.
            """)

    @Argument(help: ArgumentHelp("The vectors to find neighbors for.", valueName: "queries.npy"))
    var queries: String

    @Argument(help: ArgumentHelp("The vectors to search.", valueName: "vectors.npy"))
    var vectors: String

    @Option(help: "How many neighbors to give for each.")
    var top = 5

    @OptionGroup var processor: ThreadOptions
    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        struct Result: Encodable {
            struct Neighbor: Encodable {
                var kind: String
                var name: String
                var similarity: Double
            }
            var kind: String
            var name: String
            var neighbors: [Neighbor]
        }
        var fingerprint: String
        var results: [Result]
    }

    func validate() throws {
        if top < 1 { throw ValidationError("--top takes a number from 1.") }
    }

    func run() throws {
        processor.prepare()
        let (left, right) = (try Embeddings(contentsOf: queries), try Embeddings(contentsOf: vectors))
        let results = try right.nearest(to: left, count: top).map { found in
            Document.Result(
                kind: found.query.kind.rawValue, name: found.query.name,
                neighbors: found.neighbors.map {
                    .init(kind: $0.row.kind.rawValue, name: $0.row.name, similarity: $0.similarity)
                })
        }
        if output.json {
            return try Console.printJSON(Document(fingerprint: left.space.fingerprint, results: results))
        }
        for result in results {
            try Console.answer(result.name)
            for neighbor in result.neighbors {
                try Console.answer("  " + Format.fixed(neighbor.similarity, 4) + "  " + neighbor.name)
            }
        }
    }
}
