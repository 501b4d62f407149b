import Testing

@testable import StrictJSON

@Suite struct JSONReaderTests {
    private func value(_ text: String) throws -> JSONValue { try JSONValue(text.utf8) }

    @Test func everyKindOfValueIsRead() throws {
        let text = """
            {"a": [1, -2.5e3, 0, 10E-1], "b": {"c": true, "d": false}, "e": null, "\\u00e9\\n": "\\ud83d\\ude42\\/"}
            """
        let expected: JSONValue = .object([
            "a": .array([.number(1), .number(-2500), .number(0), .number(1)]),
            "b": .object(["c": .bool(true), "d": .bool(false)]), "e": .null, "é\n": .string("🙂/"),
        ])
        #expect(try value(text) == expected)
        #expect(try value("\u{FEFF} {} ") == .object([:]))
        #expect(try value("{\"a\": 1, \"a\": 2}")["a"]?.integer == 2)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,]", "[,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "[]]",
        "tru", "True", "nul", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1e400", "0x10",
        "1_0",
        "\"a", "\"\\", "\"\\q\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"",
        "// x\n1",
    ])
    func whatTheGrammarDoesNotHaveIsRefused(text: String) {
        #expect(throws: JSONFault.self) { try value(text) }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]] {
            #expect(throws: JSONFault.self) { try JSONValue([0x22] + bytes + [0x22]) }
        }
    }

    @Test func nestingAndNumbersOfValuesAreBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try value(nested(64))
        #expect(throws: JSONFault.self) { try value(nested(65)) }
        #expect(throws: JSONFault.self) { try value(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONFault.self) { try value("[" + String(repeating: "0,", count: 1_000_000) + "0]") }
    }

    @Test(arguments: ["0", "7", "9223372036854775807"])
    func wholeNumbersKeepTheirDigits(text: String) throws {
        var reader = try JSONReader(Array(" \(text) ".utf8))
        #expect(try reader.readNatural() == Int(text))
        try reader.finish()
    }

    @Test(arguments: ["", "-1", "-0", "1.0", "1e2", "01", "+1", "true", "\"1\"", "9223372036854775808"])
    func whatIsNoWholeNumberIsRefused(text: String) throws {
        var reader = try JSONReader(Array(text.utf8))
        #expect(throws: JSONFault.self) { try reader.readNatural() }
    }

    @Test func faultsSayWhere() throws {
        #expect(throws: JSONFault(place: 5, reason: "expected a number")) { try value("{\"a\":?}") }
        #expect(throws: JSONFault(place: 3, reason: "expected ',' or ']'")) { try value("[1 2]") }
    }
}
