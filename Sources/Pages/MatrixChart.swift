/// A matrix as a heat map, such as which class is taken for which, drawn as SVG in the style of ``LineChart``: no
/// script, nothing fetched. Its rules are those of ``ChartStyle/all``. It is as large as its cells need; some hundred
/// rows and columns can be read.
package struct MatrixChart: Sendable {
    /// How values become shades.
    package enum Shades: Sendable {
        case even
        /// By the values' square roots: small ones, such as rare confusions, can be told from none.
        case squareRoot
    }

    package var title: String
    /// What the rows are: the true class.
    package var rowTitle: String
    /// What the columns are: the class that was chosen.
    package var columnTitle: String
    package var rows: [String]
    package var columns: [String]
    /// `[rows, columns]`. What is missing or not finite stays empty.
    package var values: [[Double]]
    package var numbers: ChartAxis.Numbers
    package var shades = Shades.even
    /// The values of the faintest and the fullest shade; nil for zero, or what lies below, and the largest value.
    package var range: ClosedRange<Double>?

    /// With at most so many rows and columns, cells show their values.
    static let mostNumbers = 12

    package init(
        _ title: String, rows: [String], columns: [String], values: [[Double]], rowTitle: String = "",
        columnTitle: String = "", numbers: ChartAxis.Numbers = .plain
    ) {
        (self.title, self.rows, self.columns, self.values) = (title, rows, columns, values)
        (self.rowTitle, self.columnTitle, self.numbers) = (rowTitle, columnTitle, numbers)
    }

    /// Whether there is anything to draw.
    package var isEmpty: Bool { rows.isEmpty || columns.isEmpty }

    /// The drawing as an element for a page that has ``ChartStyle/all`` in its style sheet.
    package func element() -> String { MatrixDrawing(self).rendered(isFile: false) }

    /// The drawing as a file of its own.
    package func file() -> String { MatrixDrawing(self).rendered(isFile: true) }

    /// A cell's value; nil where there is none.
    func value(_ row: Int, _ column: Int) -> Double? {
        guard row < values.count, column < values[row].count, values[row][column].isFinite else { return nil }
        return values[row][column]
    }
}
