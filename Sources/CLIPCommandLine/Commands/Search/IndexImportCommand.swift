import ArgumentParser
import CLIP
import CLIPSearch
import Files
import Foundation

struct IndexImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put vectors that were made elsewhere into an index.",
        discussion: """
            Example: clip index import vectors.npy --index photos

            A .npy file of "clip embed" or "clip index export" has its description beside it; a folder of parts that \
            "clip embed" wrote is taken whole. Others, such as the \
            img_emb_*.npy of clip-retrieval, are told about by --model, which says whose vectors they are and is not \
            checked, and --rows, a JSON line for each row of all files: {"image": "cat.jpg"}, and where they are known \
            "width", "height", "size", "modified", "taken" (seconds since 1970) and "hash". Numbers are float16 or float32.
            """)

    @Argument(help: ArgumentHelp("NumPy files of vectors, or folders of parts.", valueName: "file.npy|folder"))
    var files: [String]

    @Option(
        help: ArgumentHelp(
            "A file with a JSON line for each row of the files, in their order; --model is needed then.",
            valueName: "file.jsonl"))
    var rows: String?

    @OptionGroup var place: IndexPlace
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var model: String
        var index: String
        var pictures: Int
        var imported: Int
        /// Rows that are no picture's.
        var leftOut: Int
    }

    func validate() throws {
        guard (rows == nil) == (shared.model == nil && shared.weights == nil) else {
            throw ValidationError("--rows and --model go together: what the rows are, and whose vectors.")
        }
    }

    func run() throws {
        let parts = try files.flatMap { Folder.exists($0) ? try EmbeddingJoin($0).paths : [$0] }
        let vectors = try parts.map { try StoredVectors(path: $0) }
        let (space, next) = try rows.map { try told(by: $0, vectors) } ?? described(vectors)
        let index = try place.open(for: space)
        let total = vectors.reduce(0) { $0 + $1.count }
        var importing = VectorImport(index) { Console.status("\($0)/\(total) vectors") }
        for (number, file) in vectors.enumerated() { try importing.add(file) { try next(number, $0) } }
        Console.endStatus()
        let leftOut = total - importing.count
        if shared.json {
            return try Console.printJSON(
                Document(
                    model: space.model, index: index.location, pictures: index.count, imported: importing.count,
                    leftOut: leftOut))
        }
        let others = leftOut > 0 ? ", \(Format.grouped(leftOut)) rows are no picture's" : ""
        try Console.answer(
            "\(index.location): \(Format.grouped(index.count)) pictures (\(Format.grouped(importing.count)) "
                + "imported\(others))")
    }

    /// What a row of a file is the vector of.
    private typealias Next = (_ file: Int, _ row: Int) throws -> IndexedPicture?

    /// As the files' own descriptions say.
    private func described(_ files: [StoredVectors]) throws -> (EmbeddingSpace, Next) {
        var names: [[Embeddings.Row]] = []
        var spaces: [EmbeddingSpace] = []
        for file in files {
            guard let (space, rows) = try file.description() else {
                throw ImportError(
                    path: file.path,
                    problem: "nothing beside this file says whose vectors it holds. Give --rows and --model.")
            }
            var normalized = space
            // They are divided by their length on the way in.
            normalized.normalized = true
            spaces.append(normalized)
            names.append(rows)
        }
        guard let first = spaces.first else { throw ValidationError("Name a .npy file.") }
        for (space, file) in zip(spaces, files) where !space.differences(from: first).isEmpty {
            let differences = space.differences(from: first)
            throw SearchError.spacesDiffer(path: file.path, differences: differences)
        }
        return (
            first,
            { file, row in
                let name = names[file][row]
                guard name.kind == .image else { return nil }
                return IndexedPicture(path: name.name, size: 0, modified: 0, hash: "", width: 0, height: 0)
            }
        )
    }

    /// As a file of lines says, of a model's vectors.
    private func told(by path: String, _ files: [StoredVectors]) throws -> (EmbeddingSpace, Next) {
        let space = try shared.load().space(normalized: true)
        let lines = try LineReader(path)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let last = files.count - 1
        return (
            space,
            { file, row in
                guard let text = try lines.next() else {
                    throw ImportError(
                        path: path,
                        problem: "it has \(lines.number) lines, fewer than the vectors. One for each is needed.")
                }
                guard let line = try? decoder.decode(Line.self, from: text), let picture = line.picture else {
                    throw ImportError(
                        path: path, problem: "line \(lines.number) is no JSON object with the path of an \"image\".")
                }
                if file == last, row == files[file].count - 1, try lines.next() != nil {
                    throw ImportError(path: path, problem: "it has more lines than there are vectors.")
                }
                return picture
            }
        )
    }

    private struct Line: Decodable {
        var image: String?
        /// As clip-retrieval calls it.
        var imagePath: String?
        var width: Int?
        var height: Int?
        var size: Int?
        var modified: Double?
        var taken: Int64?
        var hash: String?

        var picture: IndexedPicture? {
            guard let path = image ?? imagePath, !path.isEmpty else { return nil }
            let nanoseconds = ((modified ?? 0) * 1e9).rounded()
            return IndexedPicture(
                path: path, size: size ?? 0, modified: Int64(exactly: nanoseconds) ?? 0, hash: hash ?? "",
                width: width ?? 0, height: height ?? 0, taken: taken)
        }
    }
}

/// Why vectors could not be imported.
struct ImportError: Failure {
    let kind = FailureKind.badData
    let path: String
    let problem: String

    var description: String { "\(path): \(problem)" }
}

/// A file's lines, read as they are asked for.
final class LineReader {
    private let file: FileReader
    private var buffer: [UInt8] = []
    private var place = 0
    private var isAtEnd = false
    /// Of the line that was given last, from 1.
    private(set) var number = 0

    /// - Throws: ``TextFileError``.
    init(_ path: String) throws {
        do throws(FileFault) {
            file = try FileReader(path, allowingPipes: true)
        } catch {
            throw TextFileError.file(error)
        }
    }

    /// The next line that is not blank, without what ends it; nil at the end.
    func next() throws -> Data? {
        while true {
            if let end = buffer[place...].firstIndex(of: UInt8(ascii: "\n")) ?? (isAtEnd ? buffer.count : nil) {
                guard place < buffer.count else { return nil }
                let line = buffer[place..<end]
                place = min(buffer.count, end + 1)
                guard line.contains(where: { $0 > 32 }) else { continue }
                number += 1
                return Data(line)
            }
            buffer.removeSubrange(..<place)
            place = 0
            do throws(FileFault) {
                let more = try file.bytes(count: 1 << 20)
                isAtEnd = more.isEmpty
                buffer += more
            } catch {
                throw TextFileError.file(error)
            }
        }
    }
}
