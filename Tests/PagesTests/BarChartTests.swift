import Foundation
import Testing

@testable import Pages

/// Horizontal bars.
@Suite struct BarChartTests {
    private let percent = ChartAxis("accuracy", numbers: .percent, range: 0...1)

    /// The frame's left and right.
    private func frame(_ drawn: DrawnElements) throws -> (left: Double, width: Double) {
        let path = try #require(drawn.all("frame").first).path
        return try (#require(path.first), #require(path.last) - path[0])
    }

    private func expect(_ found: Double, near expected: Double, _ what: String) {
        #expect(abs(found - expected) <= 0.11, "\(what): \(found), not \(expected)")
    }

    private func bars(_ drawn: DrawnElements) -> [DrawnElements.Element] {
        drawn.all("bar").filter { $0.name == "rect" }
    }

    @Test func barsAreAsLongAsTheirValues() throws {
        let chart = BarChart(
            "t", axis: percent, rows: [.init("a", 0.25), .init("b", 1), .init("c", 0), .init("d", .nan)])
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        let bars = bars(drawn)
        try #require(bars.count == 3)
        for (index, share) in [0.25, 1, 0].enumerated() {
            expect(bars[index].origin.x + bars[index].number("x"), near: frame.left, "start \(index)")
            expect(bars[index].number("width"), near: share * frame.width, "width \(index)")
        }
        #expect(bars[0].number("y") < bars[1].number("y"))
        #expect(["a", "b", "c", "d", "25.0 %", "100.0 %", "-"].allSatisfy(drawn.texts.contains))
    }

    @Test func barsBelowZeroGoToTheLeft() throws {
        var chart = BarChart("t", axis: ChartAxis(range: -2...2), rows: [.init("a", -1), .init("b", 1)])
        let drawn = DrawnElements(chart.element())
        let (frame, bars) = try (frame(drawn), bars(drawn))
        expect(bars[0].origin.x + bars[0].number("x"), near: frame.left + frame.width / 4, "left")
        expect(bars[1].origin.x + bars[1].number("x"), near: frame.left + frame.width / 2, "right")
        for bar in bars { expect(bar.number("width"), near: frame.width / 4, "width") }
        // Without a range the axis reaches to zero.
        (chart.axis.range, chart.rows) = (nil, [.init("a", 90), .init("b", 95)])
        #expect(DrawnElements(chart.element()).texts.contains("0"))
    }

    @Test func intervalsMarksAndReferencesLieWhereTheyShould() throws {
        let marks: [BarChart.Mark] = [.init("chance", at: 0.1), .init("published", at: 0.6)]
        var chart = BarChart(
            "t", axis: percent, rows: [.init("a", 0.5, interval: ChartInterval(0.4, 0.7), marks: marks)])
        chart.references = [.init("mean", at: 0.3), .init("beyond", at: 2)]
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        let whisker = try #require(drawn.all("whisker").first)
        expect(whisker.origin.x + whisker.path[0], near: frame.left + 0.4 * frame.width, "low")
        expect(whisker.origin.x + whisker.path[2], near: frame.left + 0.7 * frame.width, "high")
        let limit = try #require(drawn.all("limit").last)
        expect(limit.origin.x + limit.path[0], near: frame.left + 0.1 * frame.width, "chance")
        let published = try #require(drawn.all("dot").last)
        expect(published.center.x, near: frame.left + 0.6 * frame.width, "published")
        let reference = try #require(drawn.all("reference").first)
        expect(reference.origin.x + reference.path[0], near: frame.left + 0.3 * frame.width, "mean")
        #expect(drawn.all("reference").count == 1 && drawn.texts.contains("mean") && !drawn.texts.contains("beyond"))
        #expect(drawn.texts.contains("chance") && drawn.texts.contains("published"))
        let hint = drawn.elements.map(\.hint).first { $0.hasPrefix("a:") }
        #expect(hint == "a: 50.0 % (40.0 % to 70.0 %); chance: 10.0 %; published: 60.0 %")
    }

    @Test func groupsHaveColorsAndALegend() throws {
        var chart = BarChart(
            "t", axis: percent,
            rows: [
                .init("a", [.init(0.1), .init(0.2), .init(0.3)]), .init("b", [.init(0.4), nil, .init(0.6)]),
                .init("c", 0.7),
            ], groups: ["bare name", "one template", "ensemble"])
        let drawn = DrawnElements(chart.element())
        let bars = bars(drawn)
        #expect(bars.map { $0.attributes["class"]?.suffix(2) } == ["s0", "s1", "s2", "s0", "s2", "s0"])
        #expect(chart.groups.allSatisfy(drawn.texts.contains))
        #expect(drawn.elements.contains { $0.hint == "b, ensemble: 60.0 %" })
        let edges = bars.map { (top: $0.number("y"), bottom: $0.number("y") + $0.number("height")) }
        for (first, second) in zip(edges, edges.dropFirst()) { #expect(first.bottom <= second.top) }
        // A row's only bar stands in the middle, beside its name.
        let name = try #require(drawn.elements.first { $0.text == "c" })
        let middle = bars[5].origin.y + (edges[5].top + edges[5].bottom) / 2
        #expect(abs(name.number("y") - 4 - middle) < 1)
        chart.groups = ["only"]
        #expect(!DrawnElements(chart.element()).texts.contains("only"))
    }

    @Test func everythingIsInsideTheDrawing() throws {
        let name = "a data set whose name is so long that no chart has room for it beside its bars"
        let rows = (0..<40).map { BarChart.Row("\(name) \($0)", Double($0)) }
        let drawn = DrawnElements(BarChart("t", axis: ChartAxis("n", numbers: .whole), rows: rows).file())
        let outer = try #require(drawn.elements.first)
        for element in drawn.elements where element.name == "text" {
            let width = ChartText.width(element.text)
            let left = element.number("x") - (element.has("end") ? width : element.has("middle") ? width / 2 : 0)
            #expect(left >= 0 && left + width <= outer.number("width"), "\(element.text)")
            #expect(element.number("y") <= outer.number("height"), "\(element.text)")
        }
        #expect(bars(drawn).count == 40 && drawn.texts.contains { $0.hasSuffix("…") })
        #expect(drawn.elements.contains { $0.hint == "\(name) 39: 39" })
    }

    @Test func closeReferencesHaveReadableNames() throws {
        var chart = BarChart("t", axis: percent, rows: [.init("a", 0.5)])
        chart.references = (0..<6).map { .init("reference number \($0)", at: 0.5 + 0.01 * Double($0)) }
        let notes = DrawnElements(chart.element()).all("note")
        try #require(notes.count == 6)
        for (index, note) in notes.enumerated() {
            let right = note.number("x") + ChartText.width(note.text)
            for other in notes[..<index] where other.number("y") == note.number("y") {
                let otherRight = other.number("x") + ChartText.width(other.text)
                #expect(right < other.number("x") || otherRight < note.number("x"), "\(note.text)")
            }
        }
    }

    @Test func namesAreEscaped() {
        var chart = BarChart(
            hostileName, axis: ChartAxis(hostileName),
            rows: [.init(hostileName, [.init(1, marks: [.init(hostileName, at: 1)]), .init(2)])],
            groups: [hostileName, hostileName])
        chart.references = [.init(hostileName, at: 1)]
        for text in [chart.element(), chart.file()] {
            let drawn = DrawnElements(text)
            // The title, the axis, the row, two groups, the mark and the reference.
            #expect(drawn.texts.count { $0 == hostileText } == 7)
        }
    }

    @Test func nothingIsSaidToBeNothing() {
        let drawn = DrawnElements(BarChart("t", axis: percent, rows: []).file())
        #expect(drawn.texts.contains("nothing yet"))
        #expect(bars(DrawnElements(BarChart("t", axis: percent, rows: [.init("a", [])]).file())).isEmpty)
    }

    @Test(arguments: [ChartAxis.Scale.linear, .logarithmic, .logit])
    func anyValuesGiveADrawing(scale: ChartAxis.Scale) {
        let values = [0, 1, 0.5, -1, .nan, .infinity, 1e300, -1e300, 1e-300]
        for value in values {
            for other in values {
                let mark = BarChart.Mark("m", at: other)
                let row = BarChart.Row("a", value, interval: ChartInterval(other, value), marks: [mark, mark])
                for numbers in [ChartAxis.Numbers.plain, .percent, .whole] {
                    var chart = BarChart("t", axis: ChartAxis(scale: scale, numbers: numbers), rows: [row])
                    chart.references = [.init("r", at: other)]
                    _ = DrawnElements(chart.element())
                }
            }
        }
    }
}
