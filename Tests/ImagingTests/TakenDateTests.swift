import Foundation
import Testing

@testable import Imaging

/// When pictures say that they were taken.
@Suite struct TakenDateTests {
    /// An EXIF block: texts of the first directory, and of EXIF's own.
    private func block(_ first: [Int: String], _ own: [Int: String], isLittle: Bool = true) -> [UInt8] {
        func number(_ value: Int, _ size: Int) -> [UInt8] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isLittle ? bytes : bytes.reversed()
        }
        func directory(_ texts: [Int: String], at start: Int, below: Int? = nil) -> [UInt8] {
            let count = texts.count + (below == nil ? 0 : 1)
            var entries = number(count, 2)
            var values: [UInt8] = []
            let valuesStart = start + 2 + 12 * count + 4
            for (tag, text) in texts.sorted(by: { $0.key < $1.key }) {
                let bytes = Array(text.utf8) + [0]
                entries += number(tag, 2) + number(2, 2) + number(bytes.count, 4)
                if bytes.count <= 4 {
                    entries += bytes + Array(repeating: 0, count: 4 - bytes.count)
                } else {
                    entries += number(valuesStart + values.count, 4)
                    values += bytes
                }
            }
            if let below { entries += number(0x8769, 2) + number(4, 2) + number(1, 4) + number(below, 4) }
            return entries + number(0, 4) + values
        }
        let mark: [UInt8] = isLittle ? [0x49, 0x49] : [0x4D, 0x4D]
        let header = mark + number(42, 2) + number(8, 4)
        let length = directory(first, at: 8, below: 0).count
        return header + directory(first, at: 8, below: 8 + length) + directory(own, at: 8 + length)
    }

    private func jpeg(_ block: [UInt8]) -> [UInt8] {
        let length = block.count + 8
        return [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)]
            + Array("Exif\0\0".utf8) + block + [0xFF, 0xDA, 0, 2]
    }

    private func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (24 - 8 * $0)) } + Array(name.utf8) + body + [0, 0, 0, 0]
    }

    private func png(_ chunks: [UInt8]) -> [UInt8] {
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", Array(repeating: 0, count: 13)) + chunks
            + chunk("IEND", [])
    }

    private func taken(_ bytes: [UInt8]) -> Int64? { bytes.withUnsafeBytes { TakenDate.read($0) } }

    /// Seconds of a date that Foundation reads.
    private func seconds(_ text: String) throws -> Int64 {
        Int64(try #require(ISO8601DateFormatter().date(from: text)).timeIntervalSince1970)
    }

    @Test func theCameraDateComesBeforeTheScannerAndTheFile() throws {
        let original = (0x9003, "2024:02:29 17:20:31")
        for isLittle in [true, false] {
            let all = block(
                [0x0132: "2001:01:01 00:00:00"], [original.0: original.1, 0x9004: "2002:01:01 00:00:00"],
                isLittle: isLittle)
            let expected = try seconds("2024-02-29T17:20:31Z")
            #expect(taken(jpeg(all)) == expected && taken(all) == expected)
            #expect(taken(png(chunk("eXIf", all))) == expected)
        }
        let scanned = block([0x0132: "2001:01:01 00:00:00"], [0x9004: "2002:01:01 00:00:00"])
        #expect(try taken(jpeg(scanned)) == seconds("2002-01-01T00:00:00Z"))
        #expect(try taken(jpeg(block([0x0132: "2001:01:01 00:00:00"], [:]))) == seconds("2001-01-01T00:00:00Z"))
        #expect(taken(jpeg(block([0x010E: "a cat"], [:]))) == nil)
    }

    @Test func eachDateHasItsOwnOffset() throws {
        let date = "2024:05:31 23:30:00"
        let own = block([:], [0x9003: date, 0x9011: "+09:00", 0x9010: "-05:00", 0x9012: "+01:00"])
        #expect(try taken(jpeg(own)) == seconds("2024-05-31T14:30:00Z"))
        let file = block([0x0132: date], [0x9010: "-05:30", 0x9011: "+09:00"])
        #expect(try taken(jpeg(file)) == seconds("2024-06-01T05:00:00Z"))
        // An offset that is none is as if it were not there.
        let blank = block([:], [0x9003: date, 0x9011: "   :  "])
        #expect(try taken(jpeg(blank)) == seconds("2024-05-31T23:30:00Z"))
        let silly = block([:], [0x9003: date, 0x9011: "+99:00"])
        #expect(try taken(jpeg(silly)) == seconds("2024-05-31T23:30:00Z"))
    }

    @Test(arguments: [
        "0000:00:00 00:00:00", "    :  :     :  :  ", "2023:02:29 10:00:00", "2024:13:01 10:00:00",
        "2024:04:31 10:00:00", "2024:04:30 24:00:00", "2024:04:30 10:60:00", "1024:04:30 10:00:00", "yesterday", "",
        "2024:04:30",
    ])
    func datesOnNoCalendarArePassedOver(_ text: String) throws {
        #expect(taken(jpeg(block([:], [0x9003: text]))) == nil)
        let other = block([0x0132: "2001:01:01 00:00:00"], [0x9003: text])
        #expect(try taken(jpeg(other)) == seconds("2001-01-01T00:00:00Z"))
    }

    @Test func writtenDatesAreUnderstood() throws {
        let expected = try seconds("2024-05-31T15:20:07Z")
        for text in [
            "2024-05-31T17:20:07+02:00", "2024-05-31 15:20:07", "2024-05-31T15:20:07.125Z", "2024:05:31 17:20:07+0200",
            "Fri, 31 May 2024 17:20:07 +0200", "31 May 2024 15:20:07 GMT", "2024-05-31T11:50:07.5-03:30",
        ] {
            #expect(CalendarDate.seconds(text) == expected, "\(text)")
            let keyword = Array("Creation Time\0".utf8)
            #expect(taken(png(chunk("tEXt", keyword + Array(text.utf8)))) == expected, "\(text)")
        }
        // Every day of some years, leap and not, against Foundation's calendar.
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for day in stride(from: -52_000, to: 60_000, by: 13) {
            let date = Date(timeIntervalSince1970: Double(day) * 86400)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            let (year, month, dayOfMonth) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
            #expect(CalendarDate.seconds("\(year):\(month):\(dayOfMonth) 00:00:00") == Int64(day) * 86400, "\(date)")
        }
    }

    @Test(arguments: ["avif", "webp", "jpg", "png"]) func otherProgramsFilesAreRead(_ kind: String) throws {
        #expect(try taken(Fixture.bytes("taken/taken.\(kind)")) == seconds("2019-02-03T07:35:06Z"), "\(kind)")
    }

    /// Pillow writes a TIFF's own tags alone.
    @Test func aPlainTIFFHasTheDateOfItsFile() throws {
        #expect(try taken(Fixture.bytes("taken/taken.tif")) == seconds("2020-01-01T00:00:00Z"))
    }

    @Test func bytesCutShortGiveNothingAndDoNotCrash() throws {
        for kind in ["avif", "webp", "jpg", "png", "tif"] {
            let bytes = try Fixture.bytes("taken/taken.\(kind)")
            for count in 0..<min(bytes.count, 400) { _ = taken(Array(bytes.prefix(count))) }
            var state: UInt64 = 7
            for _ in 0..<300 {
                var changed = bytes
                for _ in 0..<4 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    changed[Int(state >> 33) % min(bytes.count, 300)] = UInt8(truncatingIfNeeded: state >> 20)
                }
                _ = taken(changed)
            }
        }
        #expect(taken([0xFF, 0xD8, 0xFF]) == nil && taken([]) == nil)
    }
}
