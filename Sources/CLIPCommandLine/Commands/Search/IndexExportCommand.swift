import ArgumentParser
import CLIP
import CLIPSearch
import Files
import Foundation
import Torch

struct IndexExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an index's vectors for other programs.",
        discussion: """
            Example: clip index export --output vectors.npy

            A .npy file holds float32 [N, E]; FILE.npy.json beside it says whose vectors they are and which picture each \
            row is, as of "clip embed". A .jsonl file has a line for each picture with all that is known of it.
            """)

    @Option(help: ArgumentHelp("The file to write.", valueName: "file.npy|file.jsonl"))
    var output: String

    @OptionGroup var place: IndexPlace
    @OptionGroup var answer: OutputOptions

    struct Document: Encodable {
        var index: String
        var output: String
        var pictures: Int
    }

    private struct Line: Encodable {
        var image: String
        var id: Int64
        var size: Int
        var modified: Double
        var width: Int
        var height: Int
        var taken: Int64?
        var embedding: [Float]
    }

    func validate() throws {
        guard output.hasSuffix(".npy") || output.hasSuffix(".jsonl") else {
            throw ValidationError("--output takes a name in .npy or .jsonl.")
        }
    }

    func run() throws {
        try OutputFile.check(output)
        let index = try place.open()
        var count = 0
        if output.hasSuffix(".npy") {
            var (values, rows): ([Float], [Embeddings.Row]) = ([], [])
            try index.read {
                values += $0.vector
                rows.append(.init(.image, $0.picture.path))
            }
            count = rows.count
            try Embeddings(
                vectors: Tensor(values, shape: [rows.count, index.dimension]), rows: rows, space: index.space
            ).write(to: output)
        } else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try CLIPError.wrapping {
                let file = try FileWriter(output)
                try index.read {
                    let picture = $0.picture
                    let line = Line(
                        image: picture.path, id: picture.id, size: picture.size,
                        modified: Double(picture.modified) / 1e9, width: picture.width, height: picture.height,
                        taken: picture.taken, embedding: $0.vector)
                    try file.write(encoder.encode(line) + Data("\n".utf8))
                    count += 1
                }
                try file.commit()
            }
        }
        if answer.json {
            return try Console.printJSON(Document(index: index.location, output: output, pictures: count))
        }
        try Console.answer("\(output): \(count) pictures")
    }
}
