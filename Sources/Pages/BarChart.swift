/// Horizontal bars with their names on the left and their values on the right, drawn as SVG in the style of
/// ``LineChart``: no script, nothing fetched. Its rules are those of ``ChartStyle/all``. It is as high as its rows need.
package struct BarChart: Sendable {
    /// A value to compare a bar with, such as chance or what a paper gives. Marks of one name look alike.
    package struct Mark: Sendable {
        package var name: String
        package var value: Double

        package init(_ name: String, at value: Double) {
            (self.name, self.value) = (name, value)
        }
    }

    package struct Bar: Sendable {
        /// What is not finite is shown as a dash.
        package var value: Double
        package var interval: ChartInterval?
        package var marks: [Mark]

        package init(_ value: Double, interval: ChartInterval? = nil, marks: [Mark] = []) {
            (self.value, self.interval, self.marks) = (value, interval, marks)
        }
    }

    package struct Row: Sendable {
        package var name: String
        /// As many as there are groups; nil leaves a place empty.
        package var bars: [Bar?]

        package init(_ name: String, _ bars: [Bar?]) {
            (self.name, self.bars) = (name, bars)
        }

        /// A row of one bar.
        package init(_ name: String, _ value: Double, interval: ChartInterval? = nil, marks: [Mark] = []) {
            self.init(name, [Bar(value, interval: interval, marks: marks)])
        }
    }

    package var title: String
    /// The axis below. A linear one without a range reaches to zero, where bars begin.
    package var axis: ChartAxis
    /// From top to bottom.
    package var rows: [Row]
    /// What a row's bars are called in the legend, in their order; may be empty where rows have one.
    package var groups: [String]
    /// Dashed lines down the whole chart.
    package var references: [LineChart.Reference] = []
    /// In the drawing's own units, of which letters are 12 high.
    package var width = 640

    package init(_ title: String, axis: ChartAxis, rows: [Row], groups: [String] = []) {
        (self.title, self.axis, self.rows, self.groups) = (title, axis, rows, groups)
    }

    /// Whether there is anything to draw.
    package var isEmpty: Bool { rows.isEmpty }

    /// The drawing as an element for a page that has ``ChartStyle/all`` in its style sheet.
    package func element() -> String { BarDrawing(self).rendered(isFile: false) }

    /// The drawing as a file of its own.
    package func file() -> String { BarDrawing(self).rendered(isFile: true) }
}
