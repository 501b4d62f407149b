import ArgumentParser
import CLIPSearch
import Foundation

/// Which pictures of an index may be found.
struct SearchFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only pictures in this folder, or below it.", valueName: "folder"))
    var folder: String?

    @Option(help: ArgumentHelp("Only files of this type, as jpg; may be given several times.", valueName: "extension"))
    var type: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only pictures taken at this time or later: 2024, 2024-05, 2024-05-31, 2024-05-31T17:20, of this machine's "
                + "time zone unless Z or +09:00 follows. One that does not say when it was taken counts by its file's "
                + "time.", valueName: "date"))
    var after: DateArgument?

    @Option(help: ArgumentHelp("Only pictures taken before this time begins, likewise.", valueName: "date"))
    var before: DateArgument?

    @Option(help: ArgumentHelp("Only files of at least so many bytes, as 500k or 2M.", valueName: "size"))
    var minSize: ByteCount?

    @Option(help: ArgumentHelp("Only files of at most so many bytes.", valueName: "size"))
    var maxSize: ByteCount?

    @Option(
        name: .customLong("id"),
        help: ArgumentHelp("Only the picture of this number; may be given several times.", valueName: "number"))
    var ids: [Int64] = []

    func validate() throws {
        if let after, let before, after.seconds >= before.seconds {
            throw ValidationError("--after is to be earlier than --before.")
        }
        if let minSize, let maxSize, minSize.bytes > maxSize.bytes {
            throw ValidationError("--min-size is larger than --max-size.")
        }
    }

    var filter: SearchFilter {
        var filter = SearchFilter()
        filter.folder = folder.map(PicturePath.absolute)
        filter.fileTypes = type.isEmpty ? nil : type.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        if after != nil || before != nil {
            filter.taken = (after?.seconds ?? .min)...(before.map { $0.seconds - 1 } ?? .max)
        }
        if minSize != nil || maxSize != nil { filter.size = (minSize?.bytes ?? 0)...(maxSize?.bytes ?? .max) }
        filter.ids = ids.isEmpty ? nil : ids
        return filter
    }
}

/// A moment, as people write it.
struct DateArgument: ExpressibleByArgument {
    /// When it begins, since 1970.
    let seconds: Int64

    init?(argument: String) {
        guard let date = PictureDate(argument, zone: .current) else { return nil }
        seconds = date.start
    }
}

/// Bytes, as people write them: 1500, 500k, 1.5M, 2G; thousands, not 1024s.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [Character: Double] = ["k": 1e3, "m": 1e6, "g": 1e9]
        var text = argument.lowercased()
        if text.hasSuffix("b") { text.removeLast() }
        let unit = text.last.flatMap { units[$0] }
        if unit != nil { text.removeLast() }
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(text) else {
            return nil
        }
        let product = number * (unit ?? 1)
        guard product >= 0, product < 1e18 else { return nil }
        bytes = Int(product.rounded())
    }
}
