import ArgumentParser
import CLIP
import Pages

/// The document `clip classify --json` prints.
struct ClassificationDocument: Encodable {
    struct Result: Encodable {
        var image: String
        var labels: [Choice]
        /// Whether none of them fits; nil where that was not asked.
        var none: Bool?

        struct Choice: Encodable {
            var label: String
            var score: Double
            var similarity: Double
        }
    }

    var model: String
    /// What was computed in, also where it was chosen by itself.
    var precision: InferencePrecision
    var results: [Result]
    /// Where labels, or the sentences around them, did not fit.
    var truncated: TruncationDocument?
    /// The share of pictures of no label that are given one; nil where nobody is to be told so.
    var falseAcceptance: Double?
}

/// The document `clip rank --json` prints.
struct RankingDocument: Encodable {
    struct Result: Encodable {
        var image: String
        var captions: [Choice]

        struct Choice: Encodable {
            var caption: String
            var score: Double
            var similarity: Double
        }
    }

    var model: String
    /// What was computed in, also where it was chosen by itself.
    var precision: InferencePrecision
    var results: [Result]
    /// Where captions did not fit.
    var truncated: TruncationDocument?
}

/// How much of an answer people see.
struct AnswerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Choices of a picture that its table and --csv hold; --json always gives all.", valueName: "count"))
    var top = 10

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top takes a number above 0.") }
    }
}

/// Prints choices as a small table with bars.
enum AnswerTable {
    static func print(_ image: String, _ choices: [ScoredChoice], most: Int) throws {
        try Console.answer(image)
        let shown = choices.prefix(most)
        let width = min(60, shown.map { Table.width($0.label) }.max() ?? 0)
        for choice in shown {
            let percent = Format.fixed(choice.score * 100, 1)
            let text = Table.padded(Format.clipped(choice.label, to: width), to: width)
            let share = Table.rightAligned(percent, to: 5)
            try Console.answer("  \(text)  \(share) %  \(Table.bar(choice.score, length: 24))")
        }
        if choices.count > most { try Console.answer("  … and \(choices.count - most) more") }
    }
}

/// Numbers and texts for people.
enum Format {
    /// A number with so many decimals, without the locale's habits.
    static func fixed(_ value: Double, _ decimals: Int) -> String { Decimals.fixed(value, decimals) }

    /// 151277313 as "151,277,313".
    static func grouped(_ number: Int) -> String { Decimals.grouped(number) }

    /// "1 part", "3 parts".
    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    static func clipped(_ text: String, to width: Int) -> String {
        guard Table.width(text) > width else { return text }
        var result = ""
        for character in text {
            if Table.width(result) + 2 > width { break }
            result.append(character)
        }
        return result + "…"
    }

    /// 3725 seconds as "1:02:05".
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let total = Int(seconds.rounded())
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}
