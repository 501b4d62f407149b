import Foundation

/// CLDR's labels.txt: a first and a second label for each emoji.
struct EmojiLabels {
    struct Label: Sendable, Equatable {
        let first: String
        let second: String
    }

    private var labels: [String: Label] = [:]

    init(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) where !line.hasPrefix("#")
        {
            let fields = line.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            guard fields.count >= 3 else { continue }
            let label = Label(first: fields[1], second: fields[2])
            for member in Self.members(fields[0]) where labels[member] == nil { labels[member] = label }
        }
    }

    /// The label of the sequence, or of the character it begins with.
    func label(of sequence: String) -> Label? {
        let scalars = sequence.unicodeScalars.filter { $0.value != 0xFE0F }
        if let exact = labels[Self.text(scalars)] { return exact }
        guard let first = scalars.first else { return nil }
        if (0x1F1E6...0x1F1FF).contains(first.value) { return Label(first: "Flags", second: "country-flag") }
        return labels[String(Character(first))]
    }

    /// The members of a UnicodeSet such as `[☺😀-😆{🏳️‍🌈}]`, without U+FE0F.
    static func members(_ set: String) -> [String] {
        var result: [String] = []
        let scalars = set.unicodeScalars.filter { $0 != "[" && $0 != "]" && $0.value != 0xFE0F && $0 != " " }
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            if scalar == "{" {
                let end = scalars[index...].firstIndex { $0 == "}" } ?? scalars.endIndex
                result.append(text(scalars[scalars.index(after: index)..<end]))
                index = end < scalars.endIndex ? scalars.index(after: end) : end
                continue
            }
            let next = scalars.index(after: index)
            if next < scalars.endIndex, scalars[next] == "-", scalars.index(after: next) < scalars.endIndex {
                let last = scalars[scalars.index(after: next)]
                let range = scalar.value <= last.value ? scalar.value...min(last.value, scalar.value + 4096) : 0...0
                result += range.compactMap(Unicode.Scalar.init).filter { $0.value != 0 }.map { String(Character($0)) }
                index = scalars.index(next, offsetBy: 2)
                continue
            }
            result.append(String(Character(scalar)))
            index = next
        }
        return result
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
