import Foundation
import Testing

@testable import Safetensors

@Suite struct HostileFileTests {
    /// One tensor "t" with these fields and this many bytes of data behind the header.
    private func entry(_ fields: String, data: Int) throws -> String {
        let scratch = try Scratch()
        return try refusal(scratch.file("{\"t\":{\(fields)}}", data: data))
    }

    @Test(arguments: [
        (0, "0 bytes cannot hold"), (1, "1 bytes cannot hold"), (7, "7 bytes cannot hold"),
        (8, "does not begin with '{'"),
    ])
    func shortFiles(count: Int, message: String) throws {
        let scratch = try Scratch()
        let path = scratch.path()
        try Data(count: count).write(to: URL(filePath: path))
        #expect(try refusal(path).contains(message))
    }

    @Test(arguments: [
        (UInt64.max, "the most allowed is 100,000,000"), (1 << 63, "the most allowed"),
        (100_000_001, "the most allowed"), (100_000_000, "claims 100000000 bytes and the file has 10"),
        (3, "claims 3 bytes"), (1, "expected"),
    ])
    func absurdHeaderLengths(length: UInt64, message: String) throws {
        let scratch = try Scratch()
        #expect(try refusal(scratch.file("{}", length: length)).contains(message))
    }

    @Test(arguments: [
        ("", "does not begin with '{'"), ("[]", "does not begin"), (" {}", "does not begin"), ("{", "expected '\"'"),
        ("{}x", "text follows"), ("{}\0", "text follows"), ("{}{}", "text follows"), ("{,}", "expected '\"'"),
        ("{\"a\"}", "expected ':'"), ("{\"a\":}", "expected '{'"), ("{\"a\":1}", "expected '{'"),
        ("{\"a\":null}", "expected '{'"), ("{\"a\":[[]]}", "expected '{'"), ("{\"a\":{}}", "\"dtype\" is missing"),
        ("{\"a\":{\"dtype\":\"U8\"}}", "\"shape\" is missing"), ("{\"a", "ends within a string"),
        ("{\"a\\", "ends within a string"), ("{\"\\q\":{}}", "unknown escape"), ("{\"\\u12\":{}}", "hexadecimal"),
        ("{\"\\ud800\":{}}", "surrogate"), ("{\"\\ud800\\u0041\":{}}", "surrogate"), ("{\"\\udc00\":{}}", "surrogate"),
        ("{\"a\nb\":{}}", "control character"), ("{a:{}}", "expected '\"'"), ("{'a':{}}", "expected '\"'"),
        ("{\"__metadata__\":1}", "expected '{'"), ("{\"__metadata__\":{\"a\":1}}", "expected '\"'"),
        ("{\"__metadata__\":{\"a\":{}}}", "expected '\"'"), ("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "twice"),
        ("{\"__metadata__\":{},\"__metadata__\":{}}", "occurs twice in the header"),
        ("{\"__metadata__\":{\"a\":\"1\",}}", "expected '\"'"), ("{\"a\":{\"dtype\":\"U8\",}}", "expected '\"'"),
    ])
    func brokenGrammar(header: String, message: String) throws {
        let scratch = try Scratch()
        let text = try refusal(scratch.file(header))
        #expect(text.contains(message), "\(text)")
    }

    @Test func invalidUTF8() throws {
        let scratch = try Scratch()
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]] {
            let header = Array("{\"".utf8) + bytes + Array("\":{}}".utf8)
            #expect(try refusal(scratch.file(header)).contains("not valid UTF-8"))
        }
    }

    @Test(arguments: [
        "-1", "1.0", "1e2", "1e400", "01", "+1", "NaN", "Infinity", "true", "\"1\"", "null", "[[1]]", "{}", "0x10",
        "-0",
        "9223372036854775808", "18446744073709551616", "99999999999999999999999999999999999999999", "",
    ])
    func numbersThatAreNotWholeAndSmall(number: String) throws {
        for fields in [
            "\"dtype\":\"U8\",\"shape\":[1,\(number)],\"data_offsets\":[0,1]",
            "\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,\(number)]",
            "\"dtype\":\"U8\",\"shape\":\(number),\"data_offsets\":[0,1]",
        ] {
            let text = try entry(fields, data: 1)
            #expect(text.contains("corrupt entry \"t\""), "\(text)")
        }
    }

    @Test(arguments: [
        ("\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,1]", "needs 2 bytes, its offsets span 1"),
        ("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,1]", "needs 4 bytes, its offsets span 1"),
        ("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]", "bytes 1 to 0 do not lie in"),
        ("\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]", "bytes 0 to 2 do not lie in the 1 bytes"),
        ("\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[9223372036854775807,9223372036854775807]", "do not lie in"),
        ("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]", "holds 1 numbers"),
        ("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[]", "holds 0 numbers"),
        ("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]", "more than 2 numbers"),
        ("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,1]", "is too large"),
        ("\"dtype\":\"F64\",\"shape\":[9223372036854775807],\"data_offsets\":[0,1]", "is too large"),
        ("\"dtype\":\"U8\",\"shape\":[0,9223372036854775807,2],\"data_offsets\":[0,0]", "is too large"),
        ("\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]", "1 bytes at its end belong to no tensor"),
        ("\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]", "unused bytes lie before it"),
        ("\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,1]", "unknown element type \"F4\""),
        ("\"dtype\":\"u8\",\"shape\":[1],\"data_offsets\":[0,1]", "unknown element type \"u8\""),
        ("\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]", "expected '\"'"),
        ("\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]", "\"dtype\" occurs twice"),
        ("\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]", "\"shape\" occurs twice"),
        ("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":0", "unknown field"),
    ])
    func entriesThatContradictTheFile(fields: String, message: String) throws {
        let text = try entry(fields, data: 1)
        #expect(text.contains(message), "\(text)")
        #expect(text.contains("\"t\"") || text.contains("belong to no tensor"), "\(text)")
    }

    @Test(arguments: [
        ([(0, 4), (2, 6)], 6, "overlap"), ([(0, 4), (0, 4)], 4, "overlap"), ([(0, 6), (1, 2)], 6, "overlap"),
        ([(0, 2), (4, 6)], 6, "unused bytes"), ([(0, 2), (2, 4)], 6, "belong to no tensor"),
        ([(2, 4), (4, 6)], 6, "unused bytes"),
    ])
    func overlapsAndHoles(ranges: [(Int, Int)], data: Int, message: String) throws {
        let scratch = try Scratch()
        let entries = ranges.enumerated().map { index, range in
            "\"t\(index)\":{\"dtype\":\"U8\",\"shape\":[\(range.1 - range.0)],\"data_offsets\":[\(range.0),\(range.1)]}"
        }
        let text = try refusal(scratch.file("{\(entries.joined(separator: ","))}", data: data))
        #expect(text.contains(message), "\(text)")
    }

    @Test func duplicateNames() throws {
        let scratch = try Scratch()
        let entry = "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"
        for second in ["a", "\\u0061"] {
            let text = try refusal(scratch.file("{\"a\":\(entry),\"\(second)\":\(entry)}"))
            #expect(text.contains("the name occurs twice"))
        }
    }

    @Test func deepNestingAndEndlessLists() throws {
        let scratch = try Scratch()
        let depth = 1_000_000
        for open in ["[", "{\"a\":"] {
            let text = try refusal(scratch.file("{\"a\":" + String(repeating: open, count: depth)))
            #expect(text.contains("corrupt entry \"a\""), "\(text)")
        }
        let zeros = String(repeating: "0,", count: depth)
        #expect(try entry("\"dtype\":\"U8\",\"shape\":[\(zeros)0]", data: 0).contains("more than 64 numbers"))
    }

    /// Every truncation and every single changed byte of a good file either opens or throws; none crashes.
    @Test func truncationsAndFlippedBytes() throws {
        let scratch = try Scratch()
        let good = try Array(Data(contentsOf: Reference.url("reference.safetensors")))
        let path = scratch.path()
        for count in 0..<good.count {
            try Data(good.prefix(count)).write(to: URL(filePath: path))
            #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        }
        let headerEnd = good.count - 194
        for index in 0..<headerEnd {
            for mask: UInt8 in [0x01, 0x80] {
                var bad = good
                bad[index] ^= mask
                try Data(bad).write(to: URL(filePath: path))
                guard let file = try? SafetensorsFile(path: path) else { continue }
                for name in file.names { _ = try file.withBytes(of: name) { $0.reduce(0, &+) } }
            }
        }
    }

    @Test func messagesStayOnOneBoundedLine() throws {
        let name = "\\u001b[31m\\n\\u202e" + String(repeating: "x", count: 100_000)
        let scratch = try Scratch()
        let text = try refusal(scratch.file("{\"\(name)\":{}}"))
        #expect(text.count < 600)
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
        #expect(text.contains(scratch.folder.path))
    }
}
