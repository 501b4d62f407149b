import CLIPSearch
import Foundation
import Testing

/// Times, as people write them.
@Suite struct PictureDateTests {
    @Test func datesAreReadAsTheBeginningOfWhatTheyName() throws {
        let zone = try #require(TimeZone(secondsFromGMT: 9 * 3600))
        func seconds(_ text: String) -> Int64? { PictureDate(text, zone: zone)?.start }
        func instant(_ text: String) throws -> Int64 {
            Int64(try #require(ISO8601DateFormatter().date(from: text)).timeIntervalSince1970)
        }
        for (text, expected) in [
            ("2024", "2024-01-01T00:00:00+09:00"), ("2024-05", "2024-05-01T00:00:00+09:00"),
            ("2024-02-29", "2024-02-29T00:00:00+09:00"), ("2024-05-31T17:20", "2024-05-31T17:20:00+09:00"),
            ("2024-05-31 17:20:07", "2024-05-31T17:20:07+09:00"), ("2024-05-31T17:20Z", "2024-05-31T17:20:00Z"),
            ("2024-05-31T17:20:07.9-0330", "2024-05-31T17:20:07-03:30"), ("1930-01-01", "1930-01-01T00:00:00+09:00"),
        ] {
            #expect(try seconds(text) == instant(expected), "\(text)")
        }
        for text in [
            "", "yesterday", "2023-02-29", "2024-13-01", "2024-05-31T25:00", "2024-5-3", "24", "2024-05-31T17",
        ] {
            #expect(seconds(text) == nil, "\(text)")
        }
    }

    @Test func theWholeOfWhatIsNamedCounts() throws {
        let zone = try #require(TimeZone(secondsFromGMT: 0))
        for (text, seconds) in [
            ("2024", 366 * 86_400), ("2023", 365 * 86_400), ("2024-02", 29 * 86_400), ("2024-05-31", 86_400),
            ("2024-05-31T17:20", 60), ("2024-05-31T17:20:07", 1),
        ] as [(String, Int64)] {
            let date = try #require(PictureDate(text, zone: zone), "\(text)")
            #expect(date.end - date.start + 1 == seconds, "\(text)")
        }
    }
}
