import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct TableTests {
    private func fields(_ text: String, separator: Character = ",") throws -> [[String]] {
        let table = try DelimitedText(Data(text.utf8), separator: separator.asciiValue ?? 0)
        return table.records.indices.map { table.fields(of: $0).map { String(decoding: $0, as: UTF8.self) } }
    }

    @Test(arguments: [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("\u{FEFF}a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r1,2", [["a", "b"], ["1", "2"]]),
        ("\n\na,b\n\n1,2\n\n", [["a", "b"], ["1", "2"]]),
        ("\"a\",\"b,c\"\n", [["a", "b,c"]]),
        ("\"say \"\"hi\"\"\",x", [["say \"hi\"", "x"]]),
        ("\"two\nlines\",\"c\r\nd\"\n1,2", [["two\nlines", "c\r\nd"], ["1", "2"]]),
        ("5\" nail,it's \"so\"", [["5\" nail", "it's \"so\""]]),
        ("\"ab\"cd,\"\"", [["abcd", ""]]),
        (",", [["", ""]]), ("a,", [["a", ""]]), (",\n,", [["", ""], ["", ""]]),
        ("a,\"\"\"\"", [["a", "\""]]), ("\"\"", [[""]]), ("", []), ("\u{FEFF}", []), (" a , b ", [[" a ", " b "]]),
        ("猫,é", [["猫", "é"]]),
    ])
    func parses(text: String, expected: [[String]]) throws {
        #expect(try fields(text) == expected)
    }

    @Test func unclosedQuoteIsNamed() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "filepath,title\n\"a\nb.jpg\",x\nc.jpg,\"open\nd.jpg,y\n")
        let error = #expect(throws: CLIPDataError.self) { try PairSource(path) }
        #expect("\(String(describing: error))".contains("line 4"))
    }

    @Test func readsRows() throws {
        let folder = try TemporaryFolder()
        try folder.write("pictures/cat.jpg", "JPEG")
        try folder.write(
            "t.tsv",
            "\u{FEFF}id\ttitle\tfilepath\r\n1\ta cat, \"really\"\tpictures/cat.jpg\r\n"
                + "2\t\"a\tdog\"\t\(folder.path("x/dog.png"))\r\n")
        let (samples, skipped) = try collect(PairSource(folder.path("t.tsv")))
        #expect(skipped.isEmpty)
        #expect(samples.map(\.caption) == ["a cat, \"really\"", "a\tdog"])
        #expect(try samples[0].imageBytes() == Data("JPEG".utf8))
        #expect(samples[1].image == .file(path: folder.path("x/dog.png")))
        #expect(samples[0].imageName == "cat.jpg")
        #expect(throws: CLIPDataError.missing(folder.path("x/dog.png"))) { try samples[1].imageBytes() }
        #expect(throws: CLIPDataError.self) { try samples[0].imageBytes(limit: 3) }
    }

    @Test func badRowsAreNamed() throws {
        let folder = try TemporaryFolder()
        var bytes = Data("filepath,title\na.jpg,a\nb.jpg\nc.jpg,c,d\n,e\nf.jpg,  \n".utf8)
        bytes += Data("g.jpg,".utf8) + [0xC3, 0x28, 0x0A] + Data("h.jpg,h".utf8)
        let path = try folder.write("t.csv", bytes)
        let (samples, skipped) = try collect(PairSource(path))
        #expect(samples.map(\.caption) == ["a", "h"])
        #expect(
            skipped.map(\.reason) == [
                .raggedRow(fields: 1, expected: 2), .raggedRow(fields: 3, expected: 2), .noImage, .noCaption,
                .captionNotUTF8,
            ])
        #expect(skipped[0].location == "\(path): row 2 (line 3)")
        #expect(skipped[4].location == "\(path): row 6 (line 7) (g.jpg)")
    }

    @Test func missingColumnsAreNamedWithThoseFound() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "image,caption\na.jpg,a\n")
        let error = #expect(throws: CLIPDataError.self) { try PairSource(path) }
        let message = error?.description ?? ""
        for word in [path, "'filepath'", "'title'", "'image'", "'caption'"] {
            #expect(message.contains(word), "\(message)")
        }
        let options = TableOptions(imageColumn: "image", captionColumn: "caption")
        #expect(try PairSource(path, table: options).countPairs() == 1)
        let tab = TableOptions(separator: "\t", imageColumn: "image", captionColumn: "caption")
        #expect(throws: CLIPDataError.self) { try PairSource(path, table: tab) }
        for separator: Character in ["é", "\"", "\n"] {
            #expect(throws: CLIPDataError.self) { try PairSource(path, table: TableOptions(separator: separator)) }
        }
    }

    @Test(arguments: ["", "\n\n", "filepath,title", "filepath,title\n"]) func emptyTables(text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", text)
        let error = #expect(throws: CLIPDataError.self) { try PairSource(path) }
        guard case .invalidTable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Rows may name anything: only regular files are read.
    @Test func oddFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path("pipe.jpg")
        #expect(mkfifo(pipe, 0o600) == 0)
        let names = ["/dev/zero", pipe, folder.url.path, "/none.jpg", "a\u{0}b"]
        try folder.write("t.csv", "filepath,title\n" + names.map { "\($0),caption\n" }.joined())
        let (samples, _) = try collect(PairSource(folder.path("t.csv")))
        #expect(samples.count == 5)
        for sample in samples {
            #expect(throws: CLIPDataError.self, "\(sample.location)") { try sample.imageBytes() }
        }
    }
}
