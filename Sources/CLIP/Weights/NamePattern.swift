/// A dotted name with `*` for a number and a trailing `**` for the rest.
struct NamePattern: Sendable {
    let text: String
    /// What a name begins and ends with, outside of the stars.
    private let head: [UInt8], tail: [UInt8]
    private let hasStars: Bool

    init(_ text: String) {
        let star = UInt8(ascii: "*")
        let bytes = Array(text.utf8)
        self.text = text
        head = Array(bytes.prefix { $0 != star })
        tail = Array(bytes.suffix(from: (bytes.lastIndex(of: star) ?? -1) + 1))
        hasStars = head.count < bytes.count
    }

    /// What the stars stand for in a name.
    struct Match {
        fileprivate var numbers: [Substring] = []
        fileprivate var rest: [Substring] = []
    }

    /// What the stars stand for in a name that fits; nil for one that does not.
    func match(_ name: String) -> Match? {
        guard mayFit(name) else { return nil }
        if !hasStars { return Match() }
        let parts = name.split(separator: ".")
        let pieces = text.split(separator: ".")
        var match = Match()
        for (index, piece) in pieces.enumerated() {
            if piece == "**" {
                match.rest = Array(parts.dropFirst(index))
                return match.rest.isEmpty ? nil : match
            }
            guard index < parts.count else { return nil }
            if piece == "*" {
                guard parts[index].allSatisfy(\.isNumber) else { return nil }
                match.numbers.append(parts[index])
            } else if piece != parts[index] {
                return nil
            }
        }
        return parts.count == pieces.count ? match : nil
    }

    /// The name that has in place of the stars what another pattern's stood for.
    func name(with match: Match) -> String {
        guard hasStars else { return text }
        var numbers = match.numbers[...]
        let pieces = text.split(separator: ".").flatMap { piece -> [Substring] in
            switch piece {
            case "*": [numbers.popFirst() ?? "*"]
            case "**": match.rest
            default: [piece]
            }
        }
        return pieces.joined(separator: ".")
    }

    /// Every name of a checkpoint is held against every rule: this tells nearly all of them apart without taking one to pieces.
    private func mayFit(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            bytes.count >= head.count && bytes.count >= tail.count && (hasStars || bytes.count == head.count)
                && bytes.prefix(head.count).elementsEqual(head) && bytes.suffix(tail.count).elementsEqual(tail)
        }
    }
}
