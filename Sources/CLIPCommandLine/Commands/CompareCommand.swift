import ArgumentParser
import CLIP
import Torch

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

    // Vectors are compared as they are: only these two of the shared options have a meaning here.
    @OptionGroup var shared: SharedOptions

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
        try shared.prepare()
        let (left, right) = (try EmbeddingFile(path: queries), try EmbeddingFile(path: vectors))
        try EmbeddingFile.requireSame(left.space, queries, right.space, vectors)
        let similarities = try Engine.inference {
            try left.embeddings.normalized().matmul(right.embeddings.normalized().transposed())
                .elements(Double.self)
        }
        let width = right.rows.count
        let results = left.rows.enumerated().map { index, row in
            let line = similarities[index * width..<(index + 1) * width]
            let best = line.indices.sorted { (-line[$0], $0) < (-line[$1], $1) }.prefix(top)
            return Document.Result(
                kind: row.kind.rawValue, name: row.name,
                neighbors: best.map {
                    let found = right.rows[$0 - index * width]
                    return .init(kind: found.kind.rawValue, name: found.name, similarity: line[$0])
                })
        }
        if shared.json {
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
