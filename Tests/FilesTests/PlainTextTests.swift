import Foundation
import Testing

@testable import Files

@Suite struct PlainTextTests {
    @Test func byteOrderMarksAreLeftOut() throws {
        #expect(try PlainText.string(Data([0xEF, 0xBB, 0xBF, 0x61])) == "a")
        #expect(try PlainText.string(Data()) == "")
        #expect(try PlainText.string(Data("日本語".utf8)) == "日本語")
    }

    @Test(arguments: [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian])
    func utf16IsToldByName(_ encoding: String.Encoding) throws {
        let data = try #require("filepath,title\na.jpg,a cat\n".data(using: encoding))
        #expect(throws: PlainText.Fault.utf16) { try PlainText.string(data) }
    }

    @Test func theFaultyLineIsNamed() {
        let data = Data("good\ngood\nca".utf8) + [0xFF, 0x66] + Data("\n".utf8)
        #expect(throws: PlainText.Fault.notUTF8(line: 3)) { try PlainText.string(data) }
        // A zero byte here and there is no UTF-16.
        #expect(!PlainText.isUTF16(Data("ab\0cdefgh".utf8)) && !PlainText.isUTF16(Data([0, 0, 0, 0])))
    }

    @Test func linesEndInAnyWay() {
        #expect(PlainText.lines("a\nb\r\nc\rd") == ["a", "b", "c", "d"])
        #expect(PlainText.lines("a\r\r\nb\n") == ["a", "", "b", ""])
    }
}
