import ArgumentParser
import CLIP
import CLIPSearch
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

    struct Document: Encodable {
        struct Result: Encodable {
            var image: String
            var id: Int64
            var similarity: Double
            /// With groups: those like it.
            var similar: [Result]?

            init(_ hit: SearchHit, similar: [Result]? = nil) {
                (image, id, similarity) = (hit.picture.path, hit.picture.id, Double(hit.similarity))
                self.similar = similar
            }
        }
        var model: String
        var index: String
        var results: [Result]
    }

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
        let index = try place.location.open()
        let clip = try shared.load(orOf: index.space)
        try index.require(clip.space(normalized: true))
        var terms: [Term] = []
        if let query { terms.append(Term(content: .text(query), weight: 1)) }
        terms += images.map { Term(content: .picture($0), weight: 1) }
        terms += add.map { Term($0, sign: 1) } + subtract.map { Term($0, sign: -1) }
        let sum = try vector(of: terms, clip)
        var asked: Set<Int64> = []
        for case .picture(let path) in terms.map(\.content) { asked.formUnion(try index.ids(ofFile: path)) }
        let groups = try groups(of: sum, index, leaving: asked)
        let previews = Previews(preview, isJSON: shared.json)
        if shared.json {
            let results = groups.map { found in
                Document.Result(found.best, similar: group.map { _ in found.similar.map { .init($0) } })
            }
            return try Console.printJSON(Document(model: clip.name, index: index.location, results: results))
        }
        for (line, group) in zip(Self.lines(groups), groups) {
            try Console.answer(line)
            if let picture = previews?.text(of: group.best.picture.path) { try Console.draw(picture) }
        }
    }

    /// The answers; without groups, each alone.
    private func groups(of sum: [Float], _ index: any PictureIndex, leaving asked: Set<Int64>) throws -> [SearchGroup] {
        func isNear(_ hit: SearchHit) -> Bool { Double(hit.similarity) >= minScore ?? -2 }
        guard let group else {
            return try index.search(sum, count: top, filter: filters.filter, leaving: asked).filter(isNear)
                .map { SearchGroup(best: $0) }
        }
        return try index.search(
            sum, groups: top, threshold: min(Float(group), 0.9999), filter: filters.filter, leaving: asked
        ).filter { isNear($0.best) }.map { SearchGroup(best: $0.best, similar: $0.similar.filter(isNear)) }
    }

    /// A line for each answer.
    static func lines(_ groups: [SearchGroup]) -> [String] {
        let numbers = groups.map { Format.fixed(Double($0.best.similarity), 4) }
        let width = numbers.map(Table.width).max() ?? 0
        return zip(numbers, groups).map { number, group in
            let alike = group.similar.isEmpty ? "" : "  +\(group.similar.count) alike"
            return "\(Table.rightAligned(number, to: width))  \(group.best.picture.path)\(alike)"
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
        var sum = [Float](repeating: 0, count: clip.model.configuration.embeddingSize)
        for term in terms {
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
            for (place, value) in try vector.elements(Float.self).enumerated() { sum[place] += term.weight * value }
        }
        return sum
    }
}

extension SharedOptions {
    /// The model given, or else the one that a space's vectors are of.
    func load(orOf space: EmbeddingSpace) throws -> CLIPModel {
        guard model == nil, weights == nil else { return try load() }
        try prepare()
        var name = named.named.name
        name.model = space.model
        return try name.describe(resolution: resolution, contextLength: contextLength)
            .loaded(device: device.device, precision: precision.dtype)
    }
}
