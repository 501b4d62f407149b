import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct SpecificationTests {
    @Test(arguments: [
        ("a.tar", ["a.tar"]),
        ("{0000..0003}.tar", ["0000.tar", "0001.tar", "0002.tar", "0003.tar"]),
        ("x{8..11}", ["x8", "x9", "x10", "x11"]),
        ("{08..11}", ["08", "09", "10", "11"]),
        ("{1..010}", (1...9).map { "00\($0)" } + ["010"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{0..10..5}", ["0", "5", "10"]),
        ("{10..0..-5}", ["10", "5", "0"]),
        ("{-1..1}", ["-1", "0", "1"]),
        ("{a..c}{1,2}", ["a1", "a2", "b1", "b2", "c1", "c2"]),
        ("{train,val}-{0..1}.tar", ["train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"]),
        ("{a,b{1..2},}x", ["ax", "b1x", "b2x", "x"]),
        ("{abc}", ["{abc}"]),
        ("{}", ["{}"]),
        ("{a{1,2}}", ["{a1}", "{a2}"]),
        ("{1..b}", ["{1..b}"]),
        ("猫{1..2}", ["猫1", "猫2"]),
    ])
    func expandsBraces(specification: String, names: [String]) throws {
        #expect(try BraceExpansion.expand(specification) == names)
    }

    @Test func expandsAsWebDataset() throws {
        let product = try FileList.names("{000..009}_{000..009}").flatMap { $0 }
        #expect(product.count == 100)
        #expect(product.first == "000_000" && product[1] == "000_001" && product.last == "009_009")
        let joined = try FileList.names("a.tar::b_{000..009}.tar").flatMap { $0 }
        #expect(joined.count == 11)
        #expect(joined.first == "a.tar" && joined.last == "b_009.tar")
    }

    @Test(arguments: [
        "{a", "a}", "{0..1}}", "{{a}", "{0..99999999}", "{0..999}{0..999}{0..999}{0..999}{0..999}{0..999}{0..999}",
        String(repeating: "{", count: 40) + String(repeating: "}", count: 40),
        "{-99999999999999999..99999999999999999}", "a::", "::", "", "pipe:cat a.tar", "s3://bucket/{0..1}.tar",
        "a\u{0}.tar",
    ])
    func refuses(specification: String) {
        let error = #expect(throws: CLIPDataError.self) { try FileList.names(specification) }
        guard case .invalidSpecification(specification, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func wildcardsAreSortedAndMustMatch() throws {
        let folder = try TemporaryFolder()
        for name in ["b.tar", "a.tar", "c.tar", "x[1].tar", "d.txt"] { try folder.write(name, "x") }
        func expand(_ name: String) throws -> [String] {
            try FileList.expand(folder.path(name)).joined().map { URL(fileURLWithPath: $0).lastPathComponent }
        }
        #expect(try expand("*.tar") == ["a.tar", "b.tar", "c.tar", "x[1].tar"])
        #expect(try expand("[a-b].tar") == ["a.tar", "b.tar"])
        #expect(try expand("?.t{xt,ar}") == ["d.txt", "a.tar", "b.tar", "c.tar"])
        #expect(try expand("x[1].tar") == ["x[1].tar"])
        #expect(throws: CLIPDataError.self) { try expand("*.zip") }
        #expect(throws: CLIPDataError.missing(folder.path("e.tar"))) { try expand("{a,e}.tar") }
    }

    @Test func detectsTheKind() throws {
        let folder = try TemporaryFolder()
        try folder.write("p/cat.jpg", "x")
        try folder.write("t.csv", "filepath,title\na.jpg,a\n")
        try folder.write("t.data", "filepath,title\na.jpg,a\n")
        try folder.write("{odd}.tar", "x")
        #expect(try PairSource(folder.path("p")).kind == .folder)
        #expect(try PairSource(folder.path("t.csv")).kind == .table)
        #expect(try PairSource(folder.path("t.data"), kind: .table).kind == .table)
        #expect(try PairSource(folder.path("{odd}.tar")).shardPaths == [folder.path("{odd}.tar")])
        #expect(try PairSource(fixture("plain.tar.gz").path).kind == .shards)
        #expect(throws: CLIPDataError.self) { try PairSource(folder.path("t.data")) }
        #expect(throws: CLIPDataError.self) { try PairSource(folder.path("t.{csv,data}")) }
        #expect(throws: CLIPDataError.missing(folder.path("none"))) { try PairSource(folder.path("none")) }
        #expect(throws: CLIPDataError.self) { try PairSource("") }
    }
}
