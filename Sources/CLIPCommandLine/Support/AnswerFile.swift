import ArgumentParser
import CLIP
import Files

/// Answers as a table for other programs.
struct AnswerFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A table to write, a row for each picture and choice: tab-separated for a name in .tsv, else CSV.",
            valueName: "file.csv"))
    var csv: String?

    /// Refuses a place that cannot be written before any work is done.
    func check() throws {
        if let csv { try OutputFile.check(csv) }
    }

    /// - Parameters:
    ///   - choice: the header of the labels' or captions' column.
    ///   - answers: a list of choices for each picture, best first.
    ///   - most: choices a picture.
    func write(_ choice: String, _ answers: [(image: String, choices: [ScoredChoice])], most: Int) throws {
        guard let csv else { return }
        var table = DelimitedTable(separator: csv.lowercased().hasSuffix(".tsv") ? "\t" : ",")
        table.append(["image", "rank", choice, "score", "similarity"])
        for (image, choices) in answers {
            for (place, answer) in choices.prefix(most).enumerated() {
                table.append([image, "\(place + 1)", answer.label, "\(answer.score)", "\(answer.similarity)"])
            }
        }
        try CLIPError.wrapping { try WholeFile.write(table.text, to: csv) }
    }
}

/// Rows as RFC 4180 has them: fields with separators, quotes or line ends stand in quotes.
struct DelimitedTable {
    private let separator: Character
    private(set) var text = ""

    init(separator: Character) { self.separator = separator }

    mutating func append(_ fields: [String]) {
        text += fields.map(quoted).joined(separator: String(separator)) + "\r\n"
    }

    private func quoted(_ field: String) -> String {
        let isPlain = field.unicodeScalars.allSatisfy { scalar in
            scalar != "\"" && scalar != "\n" && scalar != "\r" && Character(scalar) != separator
        }
        return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
