import Foundation

/// A time, as people write it (ISO 8601): a year, a month, a day, a minute or a second.
public struct PictureDate: Sendable, Equatable {
    /// Its first second since 1970.
    public let start: Int64
    /// Its last second since 1970: of a day, the one before midnight.
    public let end: Int64

    private static var pattern:
        some RegexComponent<
            (Substring, Substring, Substring?, Substring?, Substring?, Substring?, Substring?, Substring?)
        >
    {
        /(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?/
    }

    /// - Parameters:
    ///   - text: `2024`, `2024-05`, `2024-05-31`, `2024-05-31T17:20`, `2024-05-31T17:20:07Z`, `…+09:00`.
    ///   - zone: what a date without an offset is meant in.
    /// - Returns: nil for anything else, and for days that no calendar has.
    public init?(_ text: String, zone: TimeZone) {
        guard let found = text.wholeMatch(of: Self.pattern)?.output else { return nil }
        func number(_ part: Substring?) -> Int? { part.flatMap { Int($0) } }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        if let offset = found.7 {
            guard let zone = Self.zone(offset) else { return nil }
            calendar.timeZone = zone
        }
        let parts = DateComponents(
            year: number(found.1), month: number(found.2) ?? 1, day: number(found.3) ?? 1, hour: number(found.4) ?? 0,
            minute: number(found.5) ?? 0, second: number(found.6) ?? 0)
        // A calendar would go on from the 30th of February to March.
        guard let date = calendar.date(from: parts), (0...23).contains(parts.hour ?? 0),
            (0...59).contains(parts.minute ?? 0), (0...59).contains(parts.second ?? 0),
            calendar.component(.month, from: date) == parts.month, calendar.component(.day, from: date) == parts.day
        else { return nil }
        let unit: Calendar.Component =
            if found.2 == nil {
                .year
            } else if found.3 == nil {
                .month
            } else if found.5 == nil {
                .day
            } else {
                found.6 == nil ? .minute : .second
            }
        guard let next = calendar.date(byAdding: unit, value: 1, to: date) else { return nil }
        start = Int64(date.timeIntervalSince1970.rounded(.down))
        end = Int64(next.timeIntervalSince1970.rounded(.down)) - 1
    }

    private static func zone(_ text: Substring) -> TimeZone? {
        if text == "Z" { return TimeZone(secondsFromGMT: 0) }
        let digits = text.dropFirst().filter(\.isNumber)
        guard let number = Int(digits), number / 100 <= 15, number % 100 < 60 else { return nil }
        return TimeZone(secondsFromGMT: (text.first == "-" ? -60 : 60) * (number / 100 * 60 + number % 100))
    }
}
