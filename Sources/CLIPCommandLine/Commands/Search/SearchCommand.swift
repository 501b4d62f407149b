import ArgumentParser
import CLIP
import CLIPSearch
import CLIPServer
import Files
import Foundation
import Torch

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find pictures of an index by words, by other pictures, or by both.",
        discussion: """
            Example: clip search "a cat on a sofa" --top 5

            Words and pictures are added and subtracted as vectors of length 1; 2:text counts twice. The index is asked \
            with the model that made it. Pictures that are asked with are left out of the answer.
            """)

    @Argument(help: "What to look for.")
    var query: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "More to look for: a text, or a picture's path; may be given several times.", valueName: "text|image"))
    var add: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("What to keep away from, likewise.", valueName: "text|image"))
    var subtract: [String] = []

    @Option(
        name: .customLong("image"),
        help: ArgumentHelp("A picture that is to be like; may be given several times.", valueName: "path"))
    var images: [String] = []

    @Option(help: ArgumentHelp("How many pictures to give.", valueName: "count"))
    var top = 10

    @Option(parsing: .unconditional, help: ArgumentHelp("The least similarity, from -1 to 1.", valueName: "number"))
    var minScore: Double?

    @Option(
        defaultAsFlag: Double(SearchGroup.defaultThreshold),
        help: ArgumentHelp(
            "Tell pictures that are nearly the same as a better answer with it, in no place of their own: those of at least "
                + "this cosine.", valueName: "number"))
    var group: Double?

    @Option(
        defaultAsFlag: PreviewKind.auto,
        help: ArgumentHelp(
            "Show a small picture under each answer, on a terminal: the way is found by its environment, or said here.",
            valueName: PreviewKind.allCases.map(\.rawValue).joined(separator: "|")))
    var preview: PreviewKind?

    @OptionGroup var filters: SearchFilterOptions
    @OptionGroup var place: IndexPlace
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard query != nil || !add.isEmpty || !images.isEmpty else {
            throw ValidationError("Say what to look for: words, --image PICTURE, or --add.")
        }
        guard (1...1_000_000).contains(top) else { throw ValidationError("--top takes a number from 1 to 1000000.") }
        if let minScore, !(-1...1).contains(minScore) {
            throw ValidationError("--min-score takes a number from -1 to 1.")
        }
        if let group, !(0.5...1).contains(group) { throw ValidationError("--group takes a number from 0.5 to 1.") }
    }

    func run() throws {
        let index = try place.open()
        var terms: [Term] = []
        if let query { terms.append(Term(content: .text(query), weight: 1)) }
        terms += images.map { Term(content: .picture($0), weight: 1) }
        terms += add.map { Term($0, sign: 1) } + subtract.map { Term($0, sign: -1) }
        let document = try askServer(for: terms, index) ?? search(for: terms, index)
        let previews = Previews(preview, isJSON: shared.json)
        if shared.json { return try Console.printJSON(document) }
        for (line, result) in zip(Self.lines(document.results), document.results) {
            try Console.answer(line)
            if let picture = result.image.flatMap({ previews?.text(of: $0) }) { try Console.draw(picture) }
        }
    }

    private func search(for terms: [Term], _ index: any PictureIndex) throws -> SearchDocument {
        let clip = try shared.load(orOf: index.space)
        try index.require(clip.space(normalized: true))
        let sum = try vector(of: terms, clip)
        var asked: Set<Int64> = []
        for case .picture(let path) in terms.map(\.content) { asked.formUnion(try index.ids(ofFile: path)) }
        let groups = try index.answers(
            to: sum, count: top, group: group, least: minScore, filter: filters.filter, leaving: asked)
        return SearchDocument(
            model: clip.name, index: index.location, results: groups.map { .init($0, isGrouped: group != nil) })
    }

    /// Has a server on this machine answer, which has the model loaded; nil where none runs for this index, and where more
    /// is asked of how to compute than the server was told.
    private func askServer(for terms: [Term], _ index: any PictureIndex) throws -> SearchDocument? {
        guard shared.isPlain, pictures.isPlain, top <= 10_000, index is SearchIndex,
            let server = RunningServer.read(in: index.location)
        else { return nil }
        var asked: [ServerQuery.Term] = []
        for term in terms {
            switch term.content {
            case .text(let text): asked.append(.init(text: text, weight: term.weight))
            case .picture(let path):
                // One that cannot be read is told of where it is read for the model.
                guard let bytes = try? WholeFile.data(path, limit: 16 << 20) else { return nil }
                asked.append(.init(picture: bytes, weight: term.weight))
            }
        }
        let query = ServerQuery(
            asked, index: server.index, top: top, minScore: minScore, group: group, filter: filters.filter)
        guard var document = try Console.waiting({ await server.search(query) }) else { return nil }
        (document.model, document.index) = (index.space.model, index.location)
        return document
    }

    /// A line for each answer.
    static func lines(_ results: [SearchDocument.Result]) -> [String] {
        let numbers = results.map { Format.fixed($0.similarity, 4) }
        let width = numbers.map(Table.width).max() ?? 0
        return zip(numbers, results).map { number, result in
            let alike = result.similar.map { $0.isEmpty ? "" : "  +\($0.count) alike" } ?? ""
            return "\(Table.rightAligned(number, to: width))  \(result.image ?? "")\(alike)"
        }
    }

    /// A part of what is looked for.
    private struct Term {
        enum Content {
            case text(String)
            case picture(String)
        }
        let content: Content
        let weight: Float

        init(content: Content, weight: Float) { (self.content, self.weight) = (content, weight) }

        /// `2:text` counts twice; what names a file is a picture.
        init(_ text: String, sign: Float) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            var (content, weight) = (text, Float(1))
            if parts.count == 2, !parts[1].isEmpty, let factor = Float(parts[0]), factor > 0, factor.isFinite {
                (content, weight) = (String(parts[1]), factor)
            }
            let isFile = FileManager.default.fileExists(atPath: content) && !Folder.exists(content)
            self.init(content: isFile ? .picture(content) : .text(content), weight: sign * weight)
        }
    }

    private func vector(of terms: [Term], _ clip: CLIPModel) throws -> [Float] {
        try QueryVector.sum(
            terms.map { term in
                let vector: Tensor
                switch term.content {
                case .text(let text):
                    let read = try TokenizedTexts([text], clip.tokenizer)
                    Console.warn(of: read.truncation)
                    vector = try clip.vectors(captions: read.captions)
                case .picture(let path):
                    let input = try Engine.inference { try pictures.read(.init(file: path), for: clip.preprocessor) }
                    vector = try clip.vectors(pictureBytes: [input])
                }
                return (try vector.elements(Float.self), term.weight)
            })
    }
}

extension SharedOptions {
    /// The model given, or else the one that a space's vectors are of.
    func load(orOf space: EmbeddingSpace) throws -> CLIPModel {
        guard model == nil, weights == nil else { return try load() }
        try prepare()
        return try ModelDescription.named(space.model, resolution: resolution, contextLength: contextLength)
            .loaded(device: device.device, answering: compute.answering)
    }
}
