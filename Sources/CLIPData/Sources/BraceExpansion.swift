/// Shell-like brace expansion of file lists: `{0000..0007}`, `{0..10..2}`, `{a..c}`, `{train,val}`, nested, and
/// several of them as a product whose first braces vary slowest.
///
/// Bounds with a leading zero keep their width. Braces without a comma or a range stand for themselves, as in a shell.
enum BraceExpansion {
    /// The most names one specification may stand for.
    static let maximumNames = 1_000_000
    private static let maximumDepth = 16

    /// - Throws: ``CLIPDataError/invalidSpecification(specification:reason:)``.
    static func expand(_ specification: String) throws(CLIPDataError) -> [String] {
        do {
            return try expand(Substring(specification), depth: 0)
        } catch {
            throw .invalidSpecification(specification: specification, reason: error.reason)
        }
    }

    private struct Failure: Error { let reason: String }

    private static func expand(_ text: Substring, depth: Int) throws(Failure) -> [String] {
        guard depth <= maximumDepth else { throw Failure(reason: "braces are nested too deeply") }
        var names = [""]
        var rest = text
        while let opening = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[opening] == "{" else { throw Failure(reason: "'}' without '{'") }
            let (body, after, commas) = try group(rest, from: opening)
            let choices: [String]
            if !commas.isEmpty {
                choices = try list(body, commas: commas, depth: depth)
            } else if let range = try range(body) {
                choices = range
            } else {
                choices = try expand(body, depth: depth + 1).map { "{\($0)}" }
            }
            names = try product(names, [String(rest[..<opening])])
            names = try product(names, choices)
            rest = rest[after...]
        }
        return try product(names, [String(rest)])
    }

    /// The text between an opening brace and its partner, what follows, and the commas directly within.
    private static func group(
        _ text: Substring, from opening: Substring.Index
    ) throws(Failure) -> (body: Substring, after: Substring.Index, commas: [Substring.Index]) {
        var level = 0
        var commas: [Substring.Index] = []
        var index = opening
        while index < text.endIndex {
            switch text[index] {
            case "{": level += 1
            case "}":
                level -= 1
                if level == 0 { return (text[text.index(after: opening)..<index], text.index(after: index), commas) }
            case "," where level == 1: commas.append(index)
            default: break
            }
            index = text.index(after: index)
        }
        throw Failure(reason: "'{' without '}'")
    }

    private static func list(
        _ body: Substring, commas: [Substring.Index], depth: Int
    ) throws(Failure) -> [String] {
        var choices: [String] = []
        var start = body.startIndex
        for end in commas + [body.endIndex] {
            choices += try expand(body[start..<end], depth: depth + 1)
            guard choices.count <= maximumNames else { throw tooMany }
            if end < body.endIndex { start = body.index(after: end) }
        }
        return choices
    }

    /// The members of `first..last` or `first..last..step`, or `nil` where the text is no range.
    private static func range(_ body: Substring) throws(Failure) -> [String]? {
        let parts = body.split(separator: "..", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        var step = 1
        if parts.count == 3 {
            guard let value = Int(parts[2]), value != .min else { return nil }
            step = max(1, abs(value))
        }
        if let first = number(parts[0]), let last = number(parts[1]) {
            let padded = hasLeadingZero(parts[0]) || hasLeadingZero(parts[1])
            let width = padded ? max(parts[0].count, parts[1].count) : 0
            return try members(from: first, through: last, step: step).map { pad($0, width: width) }
        }
        if let first = letter(parts[0]), let last = letter(parts[1]) {
            return try members(from: first, through: last, step: step).map { value in
                String(UnicodeScalar(UInt8(truncatingIfNeeded: value)))
            }
        }
        return nil
    }

    /// An integer of at most 18 characters, so that no difference of two overflows.
    private static func number(_ text: Substring) -> Int? { text.count <= 18 ? Int(text) : nil }

    private static func letter(_ text: Substring) -> Int? {
        guard text.count == 1, let byte = text.first?.asciiValue, text.allSatisfy(\.isLetter) else { return nil }
        return Int(byte)
    }

    private static func members(from first: Int, through last: Int, step: Int) throws(Failure) -> [Int] {
        guard abs(last - first) / step < maximumNames else { throw tooMany }
        return Array(stride(from: first, through: last, by: first <= last ? step : -step))
    }

    private static func hasLeadingZero(_ text: Substring) -> Bool {
        let digits = text.drop { $0 == "-" }
        return digits.count > 1 && digits.first == "0"
    }

    private static func pad(_ value: Int, width: Int) -> String {
        let digits = String(abs(value))
        let sign = value < 0 ? "-" : ""
        return sign + String(repeating: "0", count: max(0, width - digits.count - sign.count)) + digits
    }

    private static func product(_ heads: [String], _ tails: [String]) throws(Failure) -> [String] {
        guard heads.count.multipliedReportingOverflow(by: tails.count).partialValue <= maximumNames else {
            throw tooMany
        }
        return heads.flatMap { head in tails.map { head + $0 } }
    }

    private static var tooMany: Failure { Failure(reason: "it stands for more than \(maximumNames) files") }
}
