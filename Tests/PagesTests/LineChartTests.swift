import Foundation
import Testing

@testable import Pages

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Charts drawn as SVG.
@Suite struct LineChartTests {
    private typealias Point = LineChart.Point

    @Test(arguments: [
        (0.0, 1.0, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.13, 0.58, 4, [0.2, 0.4]),
        (-3.0, 7.0, 5, [-2, 0, 2, 4, 6]),
        (1_000_000, 1_000_004, 4, [1_000_000, 1_000_001, 1_000_002, 1_000_003, 1_000_004]),
        (0.0, 5e-4, 5, [0, 1e-4, 2e-4, 3e-4, 4e-4, 5e-4]),
    ])
    func ticksAreRoundNumbers(low: Double, high: Double, count: Int, expected: [Double]) {
        let found = ChartTicks.linear(low: low, high: high, count: count).values
        #expect(found.count == expected.count, "\(found)")
        for (left, right) in zip(found, expected) {
            #expect(abs(left - right) <= 1e-12 * max(1, abs(right)), "\(found)")
        }
    }

    @Test func countsHaveNoTicksBetweenThem() {
        #expect(ChartTicks.linear(low: 0, high: 2, count: 6, isWhole: true).values == [0, 1, 2])
        #expect(ChartTicks.linear(low: 0, high: 2, count: 6).values.count > 3)
    }

    @Test func endsMoveOutToTicks() {
        let ends = ChartTicks.rounded(low: 0.13, high: 5.7, count: 5)
        #expect(ends.low == 0 && ends.high == 6)
        let exact = ChartTicks.rounded(low: 0, high: 1, count: 5)
        #expect(exact.low == 0 && exact.high == 1)
    }

    @Test func logarithmicTicksArePowersOfTen() {
        #expect(ChartTicks.logarithmic(low: 1e-6, high: 1e2, count: 5) == [1e-6, 1e-4, 1e-2, 1, 100])
        #expect(ChartTicks.logarithmic(low: 0.9, high: 40, count: 5) == [1, 2, 5, 10, 20])
        #expect(ChartTicks.logarithmic(low: 0.02, high: 30, count: 5) == [0.03, 0.1, 0.3, 1, 3, 10, 30])
        #expect(ChartTicks.logarithmic(low: 3, high: 6, count: 3) == [3, 4, 5, 6])
    }

    @Test(arguments: [
        (0.2, 0.2, 1.0, ChartAxis.Numbers.plain, "0.2"), (1, 0.2, 1.0, .plain, "1.0"), (0, 0.2, 1.0, .plain, "0"),
        (20_000, 10_000, 50_000, .plain, "20k"), (2_500, 500, 5_000, .plain, "2500"),
        (12_500, 500, 13_000, .plain, "12.5k"), (1_500_000, 500_000, 2e6, .plain, "1.5M"),
        (5e-4, 1e-4, 5e-4, .plain, "5e-4"), (2.5e-7, 5e-8, 3e-7, .plain, "2.5e-7"), (-0.5, 0.5, 1, .plain, "-0.5"),
        (0.25, 0.05, 1, .percent, "25 %"), (0.025, 0.005, 0.03, .percent, "2.5 %"), (0, 0.1, 1, .percent, "0 %"),
        (3e20, 1e20, 5e20, .plain, "3e20"),
    ])
    func numbersAreWrittenShort(
        value: Double, step: Double, largest: Double, numbers: ChartAxis.Numbers, expected: String
    ) {
        #expect(ChartTicks.label(value, step: step, largest: largest, numbers: numbers) == expected)
    }

    @Test func axesTakeAnyValues() {
        let extremes: [[Double]] = [
            [], [.nan], [.infinity, -.infinity], [0], [5], [-5, -5], [1e308, -1e308],
            [.leastNonzeroMagnitude, 2 * .leastNonzeroMagnitude],
            [1, 1 + 1e-15], [.greatestFiniteMagnitude], [0, .leastNonzeroMagnitude], [1e15, 1e15 + 1],
        ]
        for scale in [ChartAxis.Scale.linear, .logarithmic] {
            for numbers in [ChartAxis.Numbers.plain, .percent, .whole] {
                for values in extremes {
                    let axis = FittedAxis(
                        ChartAxis(scale: scale, numbers: numbers), values: values, tickCount: 5, isRounded: true)
                    #expect(axis.low.isFinite && axis.high.isFinite && axis.low < axis.high, "\(values)")
                    #expect(axis.ticks.count <= 20, "\(values): \(axis.ticks.count)")
                    for value in values {
                        #expect(axis.position(value)?.isFinite ?? true, "\(values)")
                    }
                }
            }
        }
    }

    @Test func aGivenRangeAndZeroAreKept() {
        let fixed = FittedAxis(
            ChartAxis(numbers: .percent, range: 0...1), values: [0.2, 7], tickCount: 4, isRounded: true)
        #expect(fixed.low == 0 && fixed.high == 1 && fixed.position(0.25) == 0.25)
        let zero = FittedAxis(ChartAxis(includesZero: true), values: [90, 95], tickCount: 4, isRounded: true)
        #expect(zero.low == 0 && zero.high == 100)
        let log = FittedAxis(ChartAxis(scale: .logarithmic), values: [1, 100, -3], tickCount: 4, isRounded: true)
        #expect(log.position(-3) == nil && log.position(0) == nil)
        #expect(abs((log.position(10) ?? 0) - 0.5) < 1e-12)
    }

    @Test func thinningKeepsPeaksAndEnds() {
        var points = (0..<100_000).map { Point(x: Double($0), y: sin(Double($0) / 9_000)) }
        points[31_415].y = 40
        points[62_831].y = -40
        let thinned = LineChart.thinned(points, columns: 500, range: 0...99_999)
        #expect(thinned.count <= 1_002)
        #expect(thinned.first == points.first && thinned.last == points.last)
        #expect(thinned.contains(points[31_415]) && thinned.contains(points[62_831]))
        #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
        // What has its place already is left as it is.
        #expect(LineChart.thinned(Array(points.prefix(900)), columns: 500, range: 0...899) == Array(points.prefix(900)))
    }

    @Test func thinningKeepsGaps() {
        var points = (0..<10_000).map { Point(x: Double($0), y: 1) }
        for index in 4_000..<4_100 { points[index].y = .nan }
        let thinned = LineChart.thinned(points, columns: 100, range: 0...9_999)
        #expect(thinned.contains { !$0.y.isFinite })
        #expect(thinned.count <= 302)
        let path = LineChart("t", x: ChartAxis(), y: ChartAxis(), series: [.init("a", points)]).element()
        #expect(path.components(separatedBy: "class=\"line").last?.prefix { $0 != "/" }.count { $0 == "M" } == 2)
    }

    @Test func smoothingIsTheWeightedMeanOfAllPoints() {
        var points = (0..<60).map { Point(x: Double($0), y: sin(Double($0 * $0))) }
        points[17].y = .nan
        let halfLife = 3.5
        let smooth = LineChart.smoothed(points, halfLife: halfLife)
        for (index, point) in points.enumerated() where point.y.isFinite {
            let weighed = points.enumerated().filter(\.element.y.isFinite).map { other in
                (weight: pow(0.5, abs(Double(other.offset - index)) / halfLife), value: other.element.y)
            }
            let mean = weighed.reduce(0) { $0 + $1.weight * $1.value } / weighed.reduce(0) { $0 + $1.weight }
            #expect(abs(smooth[index].y - mean) < 1e-12, "at \(index)")
        }
        #expect(smooth[17].y.isNaN)
        #expect(LineChart.smoothed(Array(points.prefix(9)), halfLife: 0) == Array(points.prefix(9)))
        #expect(LineChart.smoothed([], halfLife: 2).isEmpty)
    }

    @Test func drawingsAreWellFormedAndEscaped() throws {
        let hostile = "<script>alert(\"1\" & '2')</script>\u{0}\u{FFFE}]]>"
        var chart = LineChart(
            hostile, x: ChartAxis(hostile), y: ChartAxis(hostile, scale: .logarithmic),
            series: [
                .init(hostile, [Point(x: 1, y: 2), Point(x: 2, y: .nan), Point(x: 3, y: 1e300)]),
                .init(
                    hostile + "2", [Point(x: .infinity, y: 2)], faint: [Point(x: 1, y: -1)], isDashed: true,
                    color: -3),
            ])
        chart.references = [.init(hostile, at: 7), .init("nowhere", at: .nan)]
        chart.marks = [.init(.warning, hostile, at: 2), .init(.event, hostile, at: .nan)]
        for text in [chart.element(), chart.file()] {
            #expect(!text.contains("<script") && !text.contains("nan") && !text.contains("inf"))
            try expectWellFormed(text)
        }
        #expect(chart.file().contains("<style>") && !chart.element().contains("<style>"))
        let empty = LineChart("empty", x: ChartAxis("step"), y: ChartAxis())
        #expect(empty.isEmpty && empty.element().contains("nothing yet"))
        try expectWellFormed(empty.file())
    }

    @Test func manyMarksAreOneLineAPlace() {
        var chart = LineChart(
            "t", x: ChartAxis("step"), y: ChartAxis(),
            series: [.init("a", (0..<100).map { Point(x: Double($0), y: Double($0)) })])
        chart.marks = (0..<100_000).map { .init(.warning, "warning", at: Double($0) / 1_000) }
        #expect(chart.element().components(separatedBy: "mark warning").count < 600)
    }

    @Test func aLongLegendTakesRows() {
        let points = [Point(x: 0, y: 0), Point(x: 1, y: 1)]
        let names = (0..<12).map { "a series with a rather long name, number \($0)" }
        var chart = LineChart("t", x: ChartAxis(), y: ChartAxis(), series: names.map { .init($0, points) })
        let tall = ChartLegend(chart, width: 500).height
        chart.series = [chart.series[0]]
        #expect(tall >= 100 && ChartLegend(chart, width: 500).height == 0)
    }

    /// The path of the only line, checked number by number: the axes are 0...10 and 0...100.
    @Test func pointsLieWhereTheyShould() throws {
        let points = [Point(x: 0, y: 0), Point(x: 5, y: 100), Point(x: 10, y: 50)]
        let chart = LineChart(
            "t", x: ChartAxis(range: 0...10), y: ChartAxis(range: 0...100), series: [.init("a", points)])
        let svg = chart.element()
        let inner = try #require(svg.range(of: "<svg x="))
        func attribute(_ name: String) throws -> Double {
            let text = svg[inner.lowerBound...]
            let start = try #require(text.range(of: " \(name)=\""))
            return try #require(Double(text[start.upperBound...].prefix { $0 != "\"" }))
        }
        // The drawing shows three units beyond the axes.
        let (width, height) = (try attribute("width") - 6, try attribute("height") - 6)
        func tenth(_ value: Double) -> String {
            let text = String((value * 10).rounded() / 10)
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let path =
            "M0 \(tenth(height))l\(tenth(width / 2)) \(tenth(-height))"
            + "l\(tenth(width - (width * 5).rounded() / 10)) \(tenth(height / 2))"
        #expect(svg.contains("d=\"\(path)\""), "\(svg)")
    }

    private func expectWellFormed(_ text: String) throws {
        let parser = XMLParser(data: Data(text.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError)): \(text)")
    }
}
