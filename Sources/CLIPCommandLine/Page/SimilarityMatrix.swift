import Pages

/// Pictures against texts as a heat map: a column for each picture under its thumbnail, a row for each text.
struct SimilarityMatrix {
    /// More would make a picture nobody can read, in a page too large to open.
    static let columnLimit = 48
    static let rowLimit = 160

    private let content: PageContent
    private let columns: [PagePicture]
    private let values: [[Double]]
    /// The cosines that the palest and the fullest color stand for. The lowest quarter shares the palest: a few very
    /// low cosines would otherwise take up the scale, and the differences that matter would hardly be seen.
    let range: ClosedRange<Double>

    private static let cellWidth = 46
    private static let cellHeight = 30
    private static let header = 56
    /// Between labels and captions.
    private static let gap = 12

    init(_ content: PageContent) {
        self.content = content
        columns = Array(content.pictures.prefix(Self.columnLimit))
        values = columns.map { Array($0.similarities.prefix(Self.rowLimit)) }
        let finite = values.joined().filter(\.isFinite).sorted()
        range = finite.isEmpty ? 0...0 : finite[finite.count / 4]...finite[finite.count - 1]
    }

    /// Where a cosine lies between the palest color, 0, and the fullest, 1.
    func share(_ similarity: Double) -> Double {
        guard range.upperBound > range.lowerBound, similarity.isFinite else { return 0 }
        return max(0, (similarity - range.lowerBound) / (range.upperBound - range.lowerBound))
    }

    private var rowCount: Int { min(content.texts.count, Self.rowLimit) }

    private var hasGap: Bool { !content.captions.isEmpty && content.labels.count < rowCount }

    private func top(_ row: Int) -> Int {
        Self.header + row * Self.cellHeight + (hasGap && row >= content.labels.count ? Self.gap : 0)
    }

    /// What is left out, in words; nil where all is shown.
    var omission: String? {
        let pictures = content.pictures.count - columns.count
        let texts = content.texts.count - rowCount
        guard pictures > 0 || texts > 0 else { return nil }
        return
            "Shown are the first \(columns.count) of \(content.pictures.count) pictures and the first \(rowCount) of "
            + "\(content.texts.count) texts."
    }

    /// The texts in a column that stays in place, and beside them the heat map, which scrolls on a narrow screen.
    func rendered() -> String {
        var texts = "<div class=\"texts\" style=\"padding-top:\(Self.header)px\">\n"
        for (row, text) in content.texts.prefix(rowCount).enumerated() {
            let isFirstCaption = hasGap && row == content.labels.count
            let margin = isFirstCaption ? ";margin-top:\(Self.gap)px" : ""
            let escaped = Markup.escaped(text)
            texts += "<div style=\"height:\(Self.cellHeight)px\(margin)\" title=\"\(escaped)\">"
            texts += "<span dir=\"auto\">\(escaped)</span></div>\n"
        }
        return "<div class=\"matrix\">\n\(texts)</div>\n<div class=\"scroll\">\n\(drawing())</div>\n</div>\n"
    }

    private func drawing() -> String {
        let width = columns.count * Self.cellWidth
        let height = rowCount == 0 ? Self.header : top(rowCount - 1) + Self.cellHeight
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        svg += "viewBox=\"0 0 \(width) \(height)\" role=\"img\" "
        svg += "aria-label=\"Similarity of \(columns.count) pictures and \(rowCount) texts\">\n"
        for (column, picture) in columns.enumerated() {
            let left = column * Self.cellWidth
            let address = Markup.dataAddress(picture.thumbnail, type: "image/jpeg")
            svg += "<g><title>\(Markup.escaped(picture.name))</title>"
            svg += "<rect class=\"paper\" x=\"\(left + 1)\" y=\"4\" width=\"\(Self.cellWidth - 2)\" height=\"46\"/>"
            svg +=
                "<image x=\"\(left + 2)\" y=\"5\" width=\"\(Self.cellWidth - 4)\" height=\"44\" href=\"\(address)\"/></g>\n"
            let best = picture.bestRows
            for row in 0..<rowCount { svg += cell(column: column, row: row, isBest: best.contains(row)) }
        }
        return svg + "</svg>\n"
    }

    private func cell(column: Int, row: Int, isBest: Bool) -> String {
        let similarity = values[column][row]
        let share = self.share(similarity)
        let number = Format.fixed(similarity, 2)
        let (left, top) = (column * Self.cellWidth, self.top(row))
        let name = Markup.escaped("\(columns[column].name): \(content.texts[row]) (\(Format.fixed(similarity, 3)))")
        let box = "x=\"\(left + 1)\" y=\"\(top + 1)\" width=\"\(Self.cellWidth - 2)\" height=\"\(Self.cellHeight - 2)\""
        // Ink that is legible on the color: the page's own on the pale ones, the opposite on the full ones.
        let ink = share > 0.8 ? "n full" : "n"
        var svg = "<g><title>\(name)</title><rect class=\"c\" fill-opacity=\"\(Format.fixed(share, 2))\" \(box)/>"
        if isBest { svg += "<rect class=\"best\" \(box)/>" }
        svg += "<text class=\"\(ink)\" x=\"\(left + Self.cellWidth / 2)\" y=\"\(top + Self.cellHeight / 2 + 4)\">"
        return svg + "\(number)</text></g>\n"
    }
}
