import Foundation
import Testing

@testable import Pages

/// Points by two measurements, and the scale of log odds.
@Suite struct ScatterChartTests {
    private typealias Point = ScatterChart.Point

    private func chart(_ points: [Point], scale: ChartAxis.Scale = .linear) -> ScatterChart {
        ScatterChart(
            "t", x: ChartAxis("first", scale: scale, numbers: .percent),
            y: ChartAxis("second", scale: scale, numbers: .percent), series: [.init("a", points)])
    }

    /// The frame's left, top, right and bottom.
    private func frame(_ drawn: DrawnElements) throws -> [Double] {
        let path = try #require(drawn.all("frame").first).path
        return try [#require(path.first), path[1], #require(path.last), path[2]]
    }

    private func expect(_ found: Double, near expected: Double, _ what: String) {
        #expect(abs(found - expected) <= 0.11, "\(what): \(found), not \(expected)")
    }

    @Test func markersLieWhereTheyShould() throws {
        var chart = chart([.init("p", x: 2.5, y: 20), .init("q", x: 10, y: 0), .init("r", x: 0, y: 80)])
        chart.x.range = 0...10
        chart.y.range = 0...80
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        let (width, height) = (frame[2] - frame[0], frame[3] - frame[1])
        let dots = drawn.all("dot")
        #expect(dots.count == 3)
        for (dot, place) in zip(dots, [(0.25, 0.25), (1, 0), (0, 1)]) {
            expect(dot.center.x, near: frame[0] + place.0 * width, dot.hint)
            expect(dot.center.y, near: frame[3] - place.1 * height, dot.hint)
        }
        #expect(dots[0].hint == "p - first: 250.0 %, second: 2000.0 %")
    }

    @Test func whiskersReachTheirEnds() throws {
        let intervals = (x: ChartInterval(0.2, 0.7), y: ChartInterval(0.1, 0.9))
        var chart = chart([.init("p", x: 0.5, y: 0.5, xInterval: intervals.x, yInterval: intervals.y)])
        chart.x.range = 0...1
        chart.y.range = 0...1
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        let (width, height) = (frame[2] - frame[0], frame[3] - frame[1])
        let whiskers = drawn.all("whisker")
        try #require(whiskers.count == 2)
        expect(whiskers[0].origin.x + whiskers[0].path[0], near: frame[0] + 0.2 * width, "left")
        expect(whiskers[0].origin.x + whiskers[0].path[2], near: frame[0] + 0.7 * width, "right")
        expect(whiskers[1].origin.y + whiskers[1].path[1], near: frame[3] - 0.1 * height, "low")
        expect(whiskers[1].origin.y + whiskers[1].path[2], near: frame[3] - 0.9 * height, "high")
        #expect(drawn.all("dot")[0].hint.contains("first: 50.0 % (20.0 % to 70.0 %)"))
    }

    @Test func logOddsAreEvenlySpaced() throws {
        // The log odds of 0.1, 0.5 and 0.9 are -2.197, 0 and 2.197.
        var chart = chart([.init("p", x: 0.5, y: 0.9), .init("q", x: 0.25, y: 0.1)], scale: .logit)
        chart.x.range = 0.1...0.9
        chart.y.range = 0.1...0.9
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        let dots = drawn.all("dot")
        expect(dots[0].center.x, near: (frame[0] + frame[2]) / 2, "x of 0.5")
        expect(dots[0].center.y, near: frame[1], "y of 0.9")
        // log(1/3) = -1.0986 is half of log(1/9).
        expect(dots[1].center.x, near: frame[0] + (frame[2] - frame[0]) / 4, "x of 0.25")
        expect(dots[1].center.y, near: frame[3], "y of 0.1")
    }

    @Test func logOddsHaveRoundTicks() {
        func labels(_ low: Double, _ high: Double, count: Int = 7) -> [String] {
            FittedAxis(
                ChartAxis(scale: .logit, numbers: .percent, range: low...high), values: [], tickCount: count,
                isRounded: true
            ).ticks.map(\.label)
        }
        let all = ["1 %", "5 %", "10 %", "25 %", "50 %", "75 %", "90 %", "95 %", "99 %"]
        #expect(labels(0.01, 0.99) == all)
        #expect(labels(0.04, 0.8) == ["5 %", "10 %", "25 %", "50 %", "75 %"])
        #expect(labels(0.001, 0.999, count: 3) == ["0.1 %", "1 %", "10 %", "50 %", "90 %", "99 %", "99.9 %"])
        // Here the scale is nearly linear.
        #expect(labels(0.4, 0.6, count: 4) == ["40 %", "45 %", "50 %", "55 %", "60 %"])
        #expect(Logit.label(0.995, numbers: .percent) == "99.5 %" && Logit.label(0.25, numbers: .plain) == "0.25")
        for low in stride(from: 0.001, to: 0.99, by: 0.0173) {
            for high in stride(from: low + 0.003, to: 0.999, by: 0.0291) {
                let count = labels(low, high).count
                #expect((2...16).contains(count), "\(count) ticks from \(low) to \(high)")
            }
        }
    }

    @Test func sharesWithoutLogOddsStandAtTheEnds() throws {
        let ends =
            [-1, 0, 0.0002, 0.001].map { Point("low", x: $0, y: 0.5) }
            + [1, 0.999, 40].map { Point("high", x: $0, y: 0.5) }
        let drawn = DrawnElements(chart(ends, scale: .logit).element())
        let places = drawn.all("dot").map(\.center.x)
        try #require(places.count == 7)
        #expect(Set(places.prefix(4)).count == 1 && Set(places.suffix(3)).count == 1 && places[0] < places[4])
        let frame = try frame(drawn)
        #expect(places[0] > frame[0] && places[4] < frame[2])
        #expect(drawn.all("dot")[1].hint.contains("first: 0.0 %"))
    }

    @Test func axesOfLogOddsTakeAnyValues() {
        let extremes: [[Double]] = [
            [], [.nan], [0], [1], [0, 1], [0.5], [0.5, 0.5], [-1e308, 1e308], [.infinity], [0.3, 0.3 + 1e-15],
        ]
        for values in extremes {
            for zero in [false, true] {
                let axis = FittedAxis(
                    ChartAxis(scale: .logit, includesZero: zero), values: values, tickCount: 5, isRounded: true)
                #expect(axis.low > 0 && axis.high < 1 && axis.low < axis.high, "\(values)")
                #expect((2...20).contains(axis.ticks.count), "\(values): \(axis.ticks)")
                #expect(values.allSatisfy { axis.position($0)?.isFinite ?? true }, "\(values)")
            }
        }
    }

    @Test(arguments: [ChartAxis.Scale.linear, .logarithmic, .logit])
    func anyPointsGiveADrawing(scale: ChartAxis.Scale) {
        let values = [0, 1, 0.5, -1, .nan, .infinity, 1e300, -1e300]
        for x in values {
            for y in values {
                let interval = ChartInterval(y, x)
                let point = Point("p", x: x, y: y, xInterval: interval, yInterval: interval, isLabeled: true)
                for points in [[point], [point, point]] {
                    var chart = chart(points, scale: scale)
                    chart.hasDiagonal = true
                    chart.curves = [.init("c", [.init(x: x, y: y), .init(x: y, y: x)])]
                    _ = DrawnElements(chart.element())
                }
            }
        }
    }

    @Test func namesAreEscaped() throws {
        var chart = chart([.init(hostileName, x: 1, y: 2, isLabeled: true), .init("", x: 2, y: 1, isHollow: true)])
        (chart.title, chart.x.title, chart.y.title) = (hostileName, hostileName, hostileName)
        chart.series.append(.init(hostileName, []))
        chart.curves = [.init(hostileName, [.init(x: 1, y: 1), .init(x: 2, y: 2)], isDashed: true)]
        (chart.hollowName, chart.hasDiagonal, chart.diagonalName) = (hostileName, true, hostileName)
        for text in [chart.element(), chart.file()] {
            let drawn = DrawnElements(text)
            // The title, two axes, the label, and four names of the legend.
            #expect(drawn.texts.count { $0.hasPrefix("<script>alert") } == 8)
            #expect(drawn.all("dot").contains { $0.hint.hasPrefix(hostileText) })
        }
        #expect(chart.file().contains("<style>") && !chart.element().contains("<style>"))
        #expect(!ChartStyle.all.contains { "<&".contains($0) } && ChartStyle.all.hasPrefix(LineChart.style))
    }

    @Test func nothingIsSaidToBeNothing() {
        let drawn = DrawnElements(ScatterChart("t", x: ChartAxis("x"), y: ChartAxis("y", scale: .logit)).file())
        #expect(drawn.texts.contains("nothing yet") && drawn.all("dot").isEmpty)
    }

    @Test func hollowMarkersAreExplained() {
        let drawn = DrawnElements(chart([.init("p", x: 1, y: 2), .init("q", x: 2, y: 1, isHollow: true)]).element())
        // One of the legend, one of the chart.
        #expect(drawn.all("hollow").count == 2 && drawn.texts.contains("published elsewhere"))
        #expect(!DrawnElements(chart([.init("p", x: 1, y: 2)]).element()).texts.contains("published elsewhere"))
    }

    @Test func seriesDifferInShapeAndColor() {
        var chart = chart([.init("p", x: 1, y: 2)])
        chart.series = (0..<5).map { .init("s\($0)", [.init("p", x: Double($0), y: 2)]) }
        let dots = DrawnElements(chart.element()).all("dot").suffix(5)
        #expect(Set(dots.map { $0.attributes["d"] }).count == 5 && Set(dots.map { $0.attributes["class"] }).count == 5)
        chart.series[3].marker = .circle
        chart.series[3].color = 9
        #expect(chart.marker(at: 3) == .circle && chart.color(at: 3) == 1)
    }

    @Test func theDiagonalJoinsEqualValues() throws {
        var chart = chart([.init("p", x: 0, y: 20), .init("q", x: 40, y: 80)])
        (chart.x.range, chart.y.range, chart.hasDiagonal) = (0...40, 20...100, true)
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        // One of the legend, one of the chart: from (20, 20) to (40, 40).
        let line = try #require(drawn.all("reference").last)
        let (width, height) = (frame[2] - frame[0], frame[3] - frame[1])
        let ends = [width / 2, height, width, height * 0.75]
        for (index, (found, expected)) in zip(line.path, ends).enumerated() {
            expect(found, near: expected, "number \(index)")
        }
        (chart.x.range, chart.y.range) = (0...1, 2...3)
        #expect(DrawnElements(chart.element()).all("reference").count == 1)
    }

    @Test func curvesAreCutWhereTheyHaveNoPlace() throws {
        var chart = chart([.init("p", x: 0.2, y: 0.3), .init("q", x: 0.8, y: 0.7)], scale: .logit)
        let values = [0.0, 0.1, 0.5, .nan, 0.6, 0.9, 1]
        chart.curves = [.init("", values.map { .init(x: $0, y: $0) }, isDashed: true, color: 2)]
        let line = try #require(DrawnElements(chart.element()).all("line").first)
        #expect(line.has("dashed") && line.has("s2"))
        #expect(line.attributes["d"]?.count { $0 == "M" } == 2 && line.path.count == 8, "\(line.path)")
    }

    /// Twelve points in a heap: every label stays in the frame, and none covers another.
    @Test func labelsAreKeptApart() throws {
        let points = (0..<12).map { index in
            Point("model \(index)", x: 50 + Double(index % 4), y: 50 + Double(index / 4), isLabeled: true)
        }
        var chart = chart(points)
        (chart.x.range, chart.y.range) = (0...100, 0...100)
        let drawn = DrawnElements(chart.element())
        let frame = try frame(drawn)
        let labels = drawn.all("note").map { label in
            (left: label.number("x"), right: label.number("x") + ChartText.width(label.text), base: label.number("y"))
        }
        try #require(labels.count == 12)
        for (index, label) in labels.enumerated() {
            #expect(label.left >= frame[0] - 1 && label.right <= frame[2] + 1, "label \(index)")
            for other in labels[..<index] {
                let width = min(label.right, other.right) - max(label.left, other.left)
                #expect(width <= 1 || abs(label.base - other.base) >= 10, "label \(index) covers another")
            }
        }
        #expect(!drawn.all("leader").isEmpty)
        // A point alone has its name to its right, and at the right edge to its left.
        for (x, isLeft) in [(10.0, false), (99.5, true)] {
            chart.series = [.init("a", [.init("alone", x: x, y: 50, isLabeled: true)])]
            let alone = DrawnElements(chart.element())
            let (dot, label) = try (#require(alone.all("dot").first), #require(alone.all("note").first))
            #expect((label.number("x") < dot.center.x) == isLeft && alone.all("leader").isEmpty)
        }
    }
}
