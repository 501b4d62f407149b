import Files
import Foundation

/// How a CSV or TSV file of picture paths and captions is to be read; the defaults are open_clip's.
public struct TableOptions: Sendable, Equatable {
    /// The field separator. `nil`: a tab, or a comma where the header line has no tab.
    public var separator: Character?
    /// The header of the column of picture paths.
    public var imageColumn: String
    /// The header of the column of captions.
    public var captionColumn: String

    /// open_clip's column names, and the separator that the header line tells.
    public init(separator: Character? = nil, imageColumn: String = "filepath", captionColumn: String = "title") {
        self.separator = separator
        self.imageColumn = imageColumn
        self.captionColumn = captionColumn
    }
}

/// The rows of a CSV or TSV file.
struct TablePairs: PairList {
    let path: String
    private let text: DelimitedText
    private let columns: Int
    private let imageColumn: Int
    private let captionColumn: Int
    private let folder: URL

    /// The largest table that is read: 8 GiB.
    private static let maximumBytes = 8 << 30

    init(path: String, options: TableOptions) throws(CLIPDataError) {
        let data = try CLIPDataError.wrapping { () throws(FileFault) in
            try WholeFile.data(path, limit: Self.maximumBytes)
        }
        guard !PlainText.isUTF16(data) else {
            throw .invalidTable(path: path, reason: "\(PlainText.Fault.utf16); save it as UTF-8 (in Excel: CSV UTF-8)")
        }
        let separator = try Self.separator(of: data, options: options)
        do {
            text = try DelimitedText(data, separator: separator)
        } catch {
            throw .invalidTable(
                path: path, reason: "the row in line \(error.line) opens a quotation mark that is never closed")
        }
        guard !text.records.isEmpty else { throw .invalidTable(path: path, reason: "the table is empty") }
        let header = text.fields(of: 0).map { CaptionRecord.trimmed(String(decoding: $0, as: UTF8.self)) }
        guard let image = header.firstIndex(of: options.imageColumn),
            let caption = header.firstIndex(of: options.captionColumn)
        else {
            let missing = [options.imageColumn, options.captionColumn].filter { !header.contains($0) }
            let found = header.prefix(50).map { "'\($0.prefix(80))'" }.joined(separator: ", ")
            let wanted = missing.map { "'\($0)'" }.joined(separator: " and ")
            throw .invalidTable(
                path: path,
                reason: "no column \(wanted); the columns found are \(found); name the columns or the separator")
        }
        guard text.records.count > 1 else { throw .invalidTable(path: path, reason: "the table has no rows") }
        columns = header.count
        imageColumn = image
        captionColumn = caption
        self.path = path
        folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    }

    var count: Int { text.records.count - 1 }

    func pair(at index: Int) -> Result<PairSample, SkippedSample> {
        let fields = text.fields(of: index + 1)
        let row = "\(path): row \(index + 1) (line \(text.lines[index + 1]))"
        guard fields.count == columns else {
            return .failure(SkippedSample(location: row, reason: .raggedRow(fields: fields.count, expected: columns)))
        }
        guard let name = String(data: fields[imageColumn], encoding: .utf8).map(CaptionRecord.trimmed), !name.isEmpty
        else { return .failure(SkippedSample(location: row, reason: .noImage)) }
        let location = "\(row) (\(name))"
        switch CaptionRecord.read(text: fields[captionColumn], json: nil) {
        case .failure(let reason): return .failure(SkippedSample(location: location, reason: reason))
        case .success(let record):
            let file = resolve(name)
            return .success(
                PairSample(
                    key: name, image: .file(path: file), imageName: URL(fileURLWithPath: file).lastPathComponent,
                    caption: record.caption, location: location, number: Int64(index)))
        }
    }

    /// Paths hold from the current folder, as open_clip has it, or else from the table's own.
    private func resolve(_ name: String) -> String {
        if name.hasPrefix("/") || FileManager.default.fileExists(atPath: name) { return name }
        return folder.appendingPathComponent(name).path
    }

    private static func separator(of data: Data, options: TableOptions) throws(CLIPDataError) -> UInt8 {
        guard let separator = options.separator else {
            let header = data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            return header.contains(UInt8(ascii: "\t")) ? UInt8(ascii: "\t") : UInt8(ascii: ",")
        }
        guard let byte = separator.asciiValue, separator != "\"", !separator.isNewline else {
            throw .invalidOption(
                name: "separator", reason: "it must be one ASCII character, and no quotation mark or line end")
        }
        return byte
    }
}
