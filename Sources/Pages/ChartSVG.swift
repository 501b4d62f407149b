import Foundation

/// The markup that all charts are made of.
enum ChartSVG {
    /// The drawing's beginning: the element, its style sheet where it is a file, and the title.
    /// - Parameters:
    ///   - style: the rules of a file of its own; nil for an element of a page that has them.
    ///   - isSized: whether an element keeps its size on a page that has room for more.
    static func opening(_ title: String, width: Int, height: Int, style: String?, isSized: Bool = true) -> String {
        let name = Markup.escaped(title)
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" "
        if isSized || style != nil { svg += "width=\"\(width)\" height=\"\(height)\" " }
        svg += "viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"\(name)\">\n"
        if let style {
            svg += "<style>\n\(style)\n</style>\n"
            svg += "<rect class=\"paper\" width=\"\(width)\" height=\"\(height)\"/>\n"
        }
        // The title's letters are a quarter wider.
        let shown = isSized ? ChartText.shortened(title, to: Double(width - 24) / 1.25) : title
        return svg + "<text class=\"title\" x=\"12\" y=\"22\">\(Markup.escaped(shown))</text>\n"
    }

    static func text(_ text: String, x: Double, y: Double, _ style: String) -> String {
        "<text class=\"\(style)\" x=\"\(place(x))\" y=\"\(place(y))\">\(Markup.escaped(text))</text>\n"
    }

    /// What a program shows where the pointer rests.
    static func hint(_ text: String) -> String { "<title>\(Markup.escaped(text))</title>" }

    static func polyline(_ points: [(x: Double, y: Double)]) -> String {
        points.enumerated().map { index, point in
            "\(index == 0 ? "M" : "L")\(place(point.x)) \(place(point.y))"
        }.joined()
    }

    /// A place to the tenth of a unit.
    static func place(_ value: Double) -> String { tenths(Int((value * 10).rounded())) }

    static func tenths(_ value: Int) -> String {
        value % 10 == 0 ? "\(value / 10)" : "\(value < 0 ? "-" : "")\(value.magnitude / 10).\(value.magnitude % 10)"
    }
}

extension ChartText {
    /// A text that is cut where it would be wider than `limit`.
    static func shortened(_ text: String, to limit: Double) -> String {
        guard width(text) > limit else { return text }
        var result = ""
        var used = width("…")
        for character in text {
            used += width(String(character))
            guard used <= limit else { break }
            result.append(character)
        }
        return result + "…"
    }

    /// A value as text beside a bar or where the pointer rests.
    static func value(_ value: Double, _ numbers: ChartAxis.Numbers) -> String {
        numbers == .percent && value.isFinite ? Markup.percent(value) : Decimals.significant(value, 4)
    }

    /// A value with its interval: 63.2 % (61.1 % to 65.3 %).
    static func value(_ value: Double, _ interval: ChartInterval?, _ numbers: ChartAxis.Numbers) -> String {
        guard let interval, interval.low.isFinite, interval.high.isFinite else { return self.value(value, numbers) }
        let ends = [interval.low, interval.high].map { self.value($0, numbers) }
        return "\(self.value(value, numbers)) (\(ends[0]) to \(ends[1]))"
    }
}
