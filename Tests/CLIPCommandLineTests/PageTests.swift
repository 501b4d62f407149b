import ArgumentParser
import Files
import Foundation
import Imaging
import Pages
import Testing

@testable import CLIP
@testable import CLIPCommandLine
@testable import CLIPTraining

#if canImport(FoundationXML)
import FoundationXML
#endif

/// The page `clip page` draws.
@Suite struct PageTests {
    private static let hostile = "<script>alert(\"1\" & '2')</script>\u{0}\u{1B}]0;\u{FFFE}\n中文 עברית 😀"

    /// Choices in the order given become answers in the order of their similarities.
    private func ranked(_ texts: [String], _ similarities: [Double]) -> [ScoredChoice] {
        zip(texts, similarities).enumerated()
            .map { ScoredChoice(index: $0, label: $1.0, score: 1 / Double(texts.count), similarity: $1.1) }
            .sorted { $0.similarity > $1.similarity }
    }

    private func content(
        _ columns: [[Double]], labels: [String], captions: [String] = [], title: String = "Title"
    ) throws -> PageContent {
        let picture = try Picture(width: 3, height: 2, pixels: (0..<18).map { UInt8($0 * 14) })
        return PageContent(
            title: title, model: "model", labels: labels, captions: captions,
            pictures: try columns.enumerated().map { index, column in
                try PagePicture(
                    name: "\(index)\(title).png", picture: picture,
                    labels: ranked(labels, Array(column.prefix(labels.count))),
                    captions: ranked(captions, Array(column.dropFirst(labels.count))))
            })
    }

    @Test func markupIsEscaped() {
        #expect(Markup.escaped("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;")
        #expect(Markup.escaped("&amp;") == "&amp;amp;")
        #expect(Markup.escaped("a\tb\r\nc") == "a b  c")
        #expect(Markup.escaped("\u{0}\u{1F}\u{7F}\u{85}\u{FFFF}\u{1FFFE}") == String(repeating: "\u{FFFD}", count: 6))
        #expect(Markup.escaped("é 中文 👩‍🔬 \u{202E}") == "é 中文 👩‍🔬 \u{202E}")
    }

    @Test func textsFromOutsideStayTexts() throws {
        let text = Self.hostile
        let content = try content([[0.1, 0.2, 0.3]], labels: [text, "b"], captions: [text], title: text)
        let page = try ParsedPage(PageDocument(content).rendered())
        // Title, heading, and by name or text: each lies where it was put, and no element came of it.
        #expect(page.names.isDisjoint(with: ["script", "link", "iframe", "object", "foreignObject"]))
        let shown = "<script>alert(\"1\" & '2')</script>\u{FFFD}\u{FFFD}]0;\u{FFFD} 中文 עברית 😀"
        #expect(page.texts["h1"] == [shown])
        #expect(page.texts["title"]?.first == shown)
        #expect(page.texts["figcaption"] == ["0\(shown).png"])
        #expect(page.texts["span.text"] == ["b", shown, shown])
    }

    @Test func nothingIsFetchedOrRun() throws {
        let content = try content([[0.1, 0.2], [0.3, -0.1]], labels: ["a"], captions: ["b"])
        let page = try ParsedPage(PageDocument(content).rendered())
        #expect(page.addresses.count == 4)  // A card and a thumbnail each.
        for address in page.addresses { #expect(address.hasPrefix("data:image/jpeg;base64,/9j/")) }
        #expect(page.attributes.allSatisfy { !$0.hasPrefix("on") })
        #expect(!PageStyle.text.contains("url(") && !PageStyle.text.contains("@import"))
        #expect(!PageStyle.text.contains { "<&".contains($0) })
    }

    @Test func eachCellShowsItsPictureAndText() throws {
        let columns = [[0.10, 0.42, -0.05], [0.33, 0.20, 0.314]]
        let content = try content(columns, labels: ["a", "b"], captions: ["c"])
        let page = try ParsedPage(PageDocument(content).rendered())
        #expect(page.texts["text.n"] == ["0.10", "0.42", "-0.05", "0.33", "0.20", "0.31"])
        let titles = try #require(page.texts["title"]).filter { $0.contains(": ") }
        #expect(titles.first == "0Title.png: a (0.100)" && titles.last == "1Title.png: c (0.314)")
        #expect(content.pictures.map(\.bestRows) == [[1, 2], [0, 2]])
        #expect(page.classes.filter { $0 == "best" }.count == 4)
    }

    @Test func colorsSpanTheCosines() throws {
        let matrix = SimilarityMatrix(try content([[0, 0.1, 0.2, 0.3, 0.5]], labels: ["a", "b", "c", "d", "e"]))
        #expect(matrix.range == 0.1...0.5)
        #expect(matrix.share(-1) == 0 && matrix.share(0.1) == 0 && matrix.share(0.5) == 1)
        #expect(abs(matrix.share(0.3) - 0.5) < 1e-12)
        let flat = SimilarityMatrix(try content([[0.2, 0.2]], labels: ["a", "b"]))
        #expect(flat.share(0.2) == 0)
        let notNumbers = SimilarityMatrix(try content([[.nan, .infinity]], labels: ["a", "b"]))
        #expect(notNumbers.range == 0...0 && notNumbers.share(.nan) == 0)
    }

    @Test func aLargeMatrixSaysWhatItLeavesOut() throws {
        let labels = (0..<200).map { "label \($0)" }
        let content = try content(Array(repeating: labels.map { _ in 0.5 }, count: 50), labels: labels, captions: [])
        let matrix = SimilarityMatrix(content)
        #expect(matrix.omission == "Shown are the first 48 of 50 pictures and the first 160 of 200 texts.")
        let page = try ParsedPage(PageDocument(content).rendered())
        #expect(page.texts["text.n"]?.count == 48 * 160)
        #expect(page.texts["figcaption"]?.count == 50)
        #expect(SimilarityMatrix(try self.content([[1]], labels: ["a"])).omission == nil)
    }

    @Test func pagesAreReplacedWholeOrNotAtAll() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path + "/page.html"
        try WholeFile.write("first", to: path)
        // A reader that has the first page open goes on reading it: the second was written beside it and renamed.
        let reader = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        try WholeFile.write("second, longer", to: path)
        #expect(try reader.readToEnd() == Data("first".utf8))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "second, longer")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["page.html"])
        #expect(throws: FileFault.self) { try WholeFile.write("third", to: folder.path + "/none/page.html") }
    }

    @Test func theCommandDrawsWhatItCanRead() throws {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let output = folder.path + "/page.html"
        let captions = folder.path + "/captions.txt"
        try Data("a dog\n\na 大 cat\n".utf8).write(to: URL(fileURLWithPath: captions))
        let model = fixtures + "/CLIPTests/Fixtures/models/words"
        let photo = fixtures + "/CLIPTests/Fixtures/pictures/photo.jpg"
        let options = [
            "--labels", "a <b>, c", "--captions-file", captions, "--model", model, "--output", output, "--no-cache",
        ]
        try PageCommand.parse([photo, photo] + options).run()
        let page = try ParsedPage(String(contentsOfFile: output, encoding: .utf8))
        #expect(page.texts["figcaption"] == ["photo.jpg", "photo.jpg"])
        #expect(Set(page.texts["span.text"] ?? []) == ["a <b>", "c", "a dog", "a 大 cat"])
        #expect(page.texts["text.n"]?.count == 8)

        #expect(throws: ExitCode(66)) { try PageCommand.parse([folder.path + "/no.jpg", photo] + options).run() }
        let second = try ParsedPage(String(contentsOfFile: output, encoding: .utf8))
        #expect(second.texts["figcaption"] == ["photo.jpg"])
        #expect(throws: (any Error).self) { try PageCommand.parse([photo, "--output", output]).run() }
    }
}

/// A page as an XML parser sees it, which refuses what is not well formed.
private final class ParsedPage: NSObject, XMLParserDelegate {
    /// Elements' own texts by name, and by name and class.
    private(set) var texts: [String: [String]] = [:]
    private(set) var names: Set<String> = []
    private(set) var attributes: Set<String> = []
    private(set) var classes: [String] = []
    /// What would be fetched, were it not in the page.
    private(set) var addresses: [String] = []
    private var open: [(keys: [String], text: String)] = []

    init(_ page: String) throws {
        super.init()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = self
        try #require(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes values: [String: String]
    ) {
        let classes = values["class"]?.split(separator: " ").map(String.init) ?? []
        names.insert(name)
        attributes.formUnion(values.keys)
        self.classes += classes
        addresses += [values["src"], values["href"]].compactMap { $0 }
        open.append(([name] + classes.map { "\(name).\($0)" }, ""))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        if !open.isEmpty { open[open.count - 1].text += text }
    }

    func parser(_ parser: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) {
        guard let (keys, text) = open.popLast() else { return }
        for key in keys { texts[key, default: []].append(text) }
    }
}
