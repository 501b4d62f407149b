import Foundation
import Testing

@testable import Pages

/// Heat maps.
@Suite struct MatrixChartTests {
    private func names(_ count: Int) -> [String] { (0..<count).map { "class \($0)" } }

    /// The cells of the matrix, without those that explain the shades.
    private func cells(_ drawn: DrawnElements) -> [DrawnElements.Element] {
        drawn.all("cell").filter { !$0.hint.isEmpty }
    }

    @Test func cellsLieWhereTheyShould() throws {
        let chart = MatrixChart(
            "t", rows: ["a", "b"], columns: ["c", "d", "e"], values: [[0, 0.5, 1], [0.25, .nan, 0]],
            rowTitle: "true", columnTitle: "chosen", numbers: .percent)
        let drawn = DrawnElements(chart.element())
        let cells = cells(drawn)
        try #require(cells.map(\.hint) == ["a → d: 50.0 %", "a → e: 100.0 %", "b → c: 25.0 %"])
        #expect(cells.map { $0.number("fill-opacity") } == [0.5, 1, 0.25])
        let side = cells[0].number("width")
        let frame = try #require(drawn.all("frame").last).path
        for (cell, place) in zip(cells, [(0.0, 1.0), (0, 2), (1, 0)]) {
            #expect(abs(cell.number("x") - frame[0] - place.1 * side) < 0.11, "\(cell.hint)")
            #expect(abs(cell.number("y") - frame[1] - place.0 * side) < 0.11, "\(cell.hint)")
        }
        // Frame: across and down.
        #expect(abs(frame[2] - 3 * side) < 0.11 && abs(frame[3] - 2 * side) < 0.11)
        #expect(["a", "b", "c", "d", "e", "true", "chosen", "50", "100", "25", "0"].allSatisfy(drawn.texts.contains))
    }

    @Test func smallValuesCanBeToldFromNone() {
        var chart = MatrixChart(
            "t", rows: names(2), columns: names(2), values: [[1000, 0], [1, 250]], numbers: .whole)
        #expect(cells(DrawnElements(chart.element())).map { $0.number("fill-opacity") } == [1, 0.05, 0.25])
        chart.shades = .squareRoot
        let drawn = DrawnElements(chart.element())
        #expect(cells(drawn).map { $0.number("fill-opacity") } == [1, 0.05, 0.5])
        #expect(drawn.texts.contains("1,000 (half shade: 250)"))
        (chart.shades, chart.range) = (.even, 0...500)
        #expect(cells(DrawnElements(chart.element())).map { $0.number("fill-opacity") } == [1, 0.05, 0.5])
    }

    @Test(arguments: [(12, true), (13, false)]) func onlyFewClassesHaveNumbers(count: Int, hasNumbers: Bool) {
        let values = [[Double]](repeating: [Double](repeating: 7, count: count), count: count)
        let drawn = DrawnElements(MatrixChart("t", rows: names(count), columns: names(count), values: values).element())
        #expect(drawn.texts.count { $0 == "7" } == (hasNumbers ? count * count : 0) + 1)
        #expect(cells(drawn).count == count * count)
    }

    @Test(arguments: [1, 3, 10, 25, 60, 100]) func everythingIsInsideTheDrawing(count: Int) throws {
        let names = (0..<count).map { "a class with rather a long name \($0)" }
        let values = (0..<count).map { row in (0..<count).map { row == $0 ? 1.0 : 0 } }
        let chart = MatrixChart(
            "a title that is wider than the few cells of a small matrix", rows: names, columns: names, values: values,
            rowTitle: "true class", columnTitle: "chosen class")
        let drawn = DrawnElements(chart.file())
        let outer = try #require(drawn.elements.first)
        let (width, height) = (outer.number("width"), outer.number("height"))
        for text in drawn.elements where text.name == "text" {
            let size = text.attributes["font-size"].flatMap { Double($0) } ?? 12
            let length = ChartText.width(text.text) * size / 12
            let turn = (text.attributes["transform"] ?? "").split { "( )".contains($0) }.dropFirst().first
            let angle = (turn.flatMap { Double($0) } ?? 0) * .pi / 180
            let start = (
                x: text.number("x") - (text.has("end") ? length : text.has("middle") ? length / 2 : 0),
                y: text.number("y")
            )
            let end = (x: start.x + length * cos(angle), y: start.y + length * sin(angle))
            #expect(start.x >= 0 && end.x <= width + 0.2 && start.y <= height && end.y >= 22, "\(text.text)")
        }
        #expect(cells(drawn).count == count && drawn.texts.count { $0.hasPrefix("a class") } == 2 * count)
        for cell in cells(drawn) {
            #expect(
                cell.number("x") + cell.number("width") <= width && cell.number("y") + cell.number("height") <= height)
        }
    }

    @Test func aHundredClassesStayShort() {
        let values = (0..<100).map { row in (0..<100).map { row == $0 ? 50.0 : ($0 + row) % 10 == 0 ? 1 : 0 } }
        let text = MatrixChart("t", rows: names(100), columns: names(100), values: values).element()
        #expect(text.utf8.count < 300_000)
    }

    @Test func namesAreEscaped() {
        let chart = MatrixChart(
            hostileName, rows: [hostileName], columns: [hostileName], values: [[1]], rowTitle: hostileName,
            columnTitle: hostileName)
        for text in [chart.element(), chart.file()] {
            let drawn = DrawnElements(text)
            #expect(drawn.texts.count { $0.hasPrefix("<script>") } == 5)
            #expect(cells(drawn).map(\.hint) == ["\(hostileText) → \(hostileText): 1"])
        }
    }

    @Test func nothingIsSaidToBeNothing() {
        for (rows, columns) in [([], []), (["a"], []), ([], ["a"])] as [([String], [String])] {
            let drawn = DrawnElements(MatrixChart("t", rows: rows, columns: columns, values: []).file())
            #expect(drawn.texts.contains("nothing yet"))
        }
        // Names without values are an empty matrix.
        let drawn = DrawnElements(MatrixChart("t", rows: ["a"], columns: ["b"], values: []).file())
        #expect(cells(drawn).isEmpty && drawn.texts.contains("a"))
    }

    @Test func anyValuesGiveADrawing() {
        let values = [0, 1, -1, .nan, .infinity, -.infinity, 1e300, -1e300, 1.7e308, .leastNonzeroMagnitude]
        for value in values {
            for other in values {
                for shades in [MatrixChart.Shades.even, .squareRoot] {
                    var chart = MatrixChart("t", rows: names(2), columns: names(2), values: [[value, other], [value]])
                    chart.shades = shades
                    let opacities = cells(DrawnElements(chart.element())).map { $0.number("fill-opacity") }
                    #expect(opacities.allSatisfy { (0...1).contains($0) }, "\(value), \(other): \(opacities)")
                }
            }
        }
    }
}
