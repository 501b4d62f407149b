import ArgumentParser
import CLIPSearch
import Foundation

struct DuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "List pictures of an index that are nearly the same.",
        discussion: """
            Example: clip duplicates --index photos --threshold 0.98

            In each group the picture of the most pixels, then of the most bytes, then the oldest comes first: the one to \
            keep. Each other is as like it as the threshold says. Nothing is deleted: "clip index remove" forgets pictures, \
            and files are yours to delete.
            """)

    @Option(
        help: ArgumentHelp("The least cosine of two pictures that count as alike, up to 1.", valueName: "number"))
    var threshold = Double(DuplicateGroup.defaultThreshold)

    @OptionGroup var place: IndexPlace
    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        struct Picture: Encodable {
            var image: String
            var id: Int64
            var width: Int
            var height: Int
            var bytes: Int
            var similarity: Double?
            var exact: Bool?
        }
        struct Group: Encodable {
            var keep: Picture
            var others: [Picture]
            var freeableBytes: Int
        }
        var index: String
        var threshold: Double
        var groups: [Group]
        var freeableBytes: Int
    }

    func validate() throws {
        guard (0.5...1).contains(threshold) else { throw ValidationError("--threshold takes a number from 0.5 to 1.") }
    }

    func run() throws {
        let index = try place.open()
        let groups = try index.duplicates(threshold: SearchGroup.leastCosine(threshold)) {
            Console.status("\(Int(100 * $0)) % of the pairs")
        }
        Console.endStatus()
        let document = Document(
            index: index.location, threshold: threshold,
            groups: groups.map { group in
                .init(
                    keep: picture(group.kept),
                    others: group.others.map { picture($0.picture, Double($0.similarity), $0.isExact) },
                    freeableBytes: group.freeableBytes)
            }, freeableBytes: groups.reduce(0) { $0 + $1.freeableBytes })
        if output.json { return try Console.printJSON(document) }
        for group in document.groups { try show(group) }
        let others = document.groups.reduce(0) { $0 + $1.others.count }
        try Console.answer(
            "\(index.location): \(Format.grouped(document.groups.count)) groups; without the \(Format.grouped(others)) "
                + "pictures that are like another, \(Format.grouped(document.freeableBytes)) bytes would be free")
    }

    private func picture(_ picture: IndexedPicture, _ similarity: Double? = nil, _ isExact: Bool? = nil)
        -> Document.Picture
    {
        .init(
            image: picture.path, id: picture.id, width: picture.width, height: picture.height, bytes: picture.size,
            similarity: similarity, exact: isExact)
    }

    private func show(_ group: Document.Group) throws {
        let rows = ([group.keep] + group.others).map { picture in
            let likeness = picture.similarity.map { picture.exact == true ? "exact" : Format.fixed($0, 4) } ?? "keep"
            let size = picture.width > 0 ? "\(picture.width) × \(picture.height)" : "?"
            return (likeness, size, Format.grouped(picture.bytes), picture.image)
        }
        let sizes = rows.map { Table.width($0.1) }.max() ?? 0
        let bytes = rows.map { Table.width($0.2) }.max() ?? 0
        for row in rows {
            try Console.answer(
                [
                    Table.padded(row.0, to: 6), Table.rightAligned(row.1, to: sizes),
                    Table.rightAligned(row.2, to: bytes) + " bytes", row.3,
                ].joined(separator: "  "))
        }
        try Console.answer("")
    }
}
