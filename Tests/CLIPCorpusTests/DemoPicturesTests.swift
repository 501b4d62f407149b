import Foundation
import Testing

@testable import CLIPCorpus

/// The pictures that `make demo` shows, and what is written about them.
@Suite struct DemoPicturesTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let folder = root + "/Demo/"

    private func pictures() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder + "pictures")
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    private func lines(_ name: String) throws -> [String] {
        let text = try String(contentsOfFile: Self.folder + name, encoding: .utf8)
        // The demo puts files behind each other.
        #expect(text.hasSuffix("\n"), "\(name)")
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// The first lines belong to the pictures in the order of their names, as many as there are; the rest to none.
    @Test(arguments: [("labels", 12), ("captions", 8)])
    func everyPictureHasItsLine(_ kind: String, distractors: Int) throws {
        let count = try pictures().count + distractors
        for name in [kind + ".txt", kind + ".zh.txt"] {
            let lines = try lines(name)
            #expect(lines.count == count && Set(lines).count == count, "\(name)")
            #expect(lines.allSatisfy { !$0.isEmpty && $0 == $0.trimmingCharacters(in: .whitespaces) }, "\(name)")
            // The demo's count reads tables with commas.
            if kind == "labels" { #expect(lines.allSatisfy { !$0.contains(",") && !$0.contains("\"") }, "\(name)") }
        }
        let isChinese = { (line: String) in line.unicodeScalars.allSatisfy { $0.value > 0x2E80 } }
        #expect(try lines(kind + ".zh.txt").allSatisfy(isChinese))
        #expect(try !lines(kind + ".txt").contains(where: isChinese))
    }

    /// The demo pairs pictures with lines in the shell's order, which may not be that of bytes where names are unlike.
    @Test func namesAreOrderedAlikeEverywhere() throws {
        let names = try pictures().map { $0.prefix { $0 != "." } }
        #expect(names.allSatisfy { $0.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "-") } }, "\(names)")
        #expect(names.map { $0.replacing("-", with: "") } == names.map { $0.replacing("-", with: "") }.sorted())
        #expect(Set(names).count == names.count)
    }

    /// Each has a row with its source, which is one that no model of this corpus learns from.
    @Test func sourcesAreNamedAndHeldOut() throws {
        let table = try lines("SOURCES.md").filter { $0.hasPrefix("| ") }
        let rows = table.dropFirst().map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.map { $0[0] } == (try pictures()))
        let heldOut = try #require(CorpusPart.reserved[.demo])
        for row in rows {
            try #require(row.count == 5, "\(row)")
            let place = row[1].replacing("`", with: "").replacing(", ", with: ":")
            #expect(heldOut.contains(place), "\(place)")
        }
    }
}
