import Foundation
import Testing

@testable import Pages

/// What line charts show around and behind their curves: whiskers, bands, columns and the diagonal.
@Suite struct LineIntervalTests {
    private typealias Point = LineChart.Point

    private func chart(_ series: LineChart.Series) -> LineChart {
        LineChart("t", x: ChartAxis("shots", range: 0...10), y: ChartAxis("y", range: 0...100), series: [series])
    }

    /// The width and height of the frame.
    private func frame(_ drawn: DrawnElements) throws -> (width: Double, height: Double) {
        let path = try #require(drawn.all("frame").first).path
        return try (#require(path.last) - path[0], path[2] - path[1])
    }

    private func expect(_ found: [Double], near expected: [Double]) {
        #expect(found.count == expected.count, "\(found)")
        for (index, pair) in zip(found, expected).enumerated() {
            #expect(abs(pair.0 - pair.1) <= 0.11, "number \(index): \(pair.0), not \(pair.1)")
        }
    }

    @Test func whiskersAndBandsReachTheirEnds() throws {
        var series = LineChart.Series("a", [Point(x: 2, y: 50), Point(x: 5, y: 60)])
        series.intervals = [.init(x: 2, ChartInterval(40, 70)), .init(x: 5, ChartInterval(80, 50))]
        let drawn = DrawnElements(chart(series).element())
        let frame = try frame(drawn)
        let whiskers = drawn.all("whisker")
        try #require(whiskers.count == 2 && drawn.all("band").isEmpty)
        expect(Array(whiskers[0].path.prefix(3)), near: [0.2 * frame.width, 0.6 * frame.height, 0.3 * frame.height])
        // The ends may come in any order.
        expect(Array(whiskers[1].path.prefix(3)), near: [0.5 * frame.width, 0.5 * frame.height, 0.2 * frame.height])

        series.isBand = true
        let band = DrawnElements(chart(series).element())
        let corners = [0.2, 0.3, 0.5, 0.2, 0.5, 0.5, 0.2, 0.6].enumerated().map { index, share in
            share * (index % 2 == 0 ? frame.width : frame.height)
        }
        expect(try #require(band.all("band").first).path, near: corners)
        #expect(band.all("whisker").isEmpty)
    }

    @Test func axesHoldIntervals() throws {
        var series = LineChart.Series("a", [Point(x: 2, y: 50)])
        series.intervals = [.init(x: 2, ChartInterval(-300, 700))]
        let drawn = DrawnElements(LineChart("t", x: ChartAxis(), y: ChartAxis(), series: [series]).element())
        let whisker = try #require(drawn.all("whisker").first).path
        // From -300 up to 700: both inside the frame, and a good part of it.
        let height = try frame(drawn).height
        #expect(whisker[1] <= height && whisker[2] >= 0 && whisker[1] - whisker[2] > 0.6 * height)
    }

    @Test func columnsStandOnZero() throws {
        var chart = chart(LineChart.Series("a", []))
        chart.columns = [
            .init(from: 0, to: 2, value: 40), .init(from: 4, to: 2, value: 0), .init(from: 4, to: .nan, value: 1),
        ]
        let drawn = DrawnElements(chart.file())
        let frame = try frame(drawn)
        let columns = drawn.all("column")
        try #require(columns.count == 2 && !chart.isEmpty)
        func box(_ element: DrawnElements.Element) -> [Double] { ["x", "y", "width", "height"].map(element.number) }
        // There are two units between neighbors.
        let (width, height) = (frame.width, frame.height)
        expect(box(columns[0]), near: [1, 0.6 * height, 0.2 * width - 2, 0.4 * height])
        expect(box(columns[1]), near: [0.2 * width + 1, height, 0.2 * width - 2, 0])
        #expect(columns[0].hint == "shots 0 to 2: 40")
    }

    @Test func theDiagonalIsDrawnOnlyWhenAskedFor() {
        var chart = chart(LineChart.Series("a", [Point(x: 1, y: 1)]))
        #expect(DrawnElements(chart.element()).all("reference").isEmpty)
        chart.hasDiagonal = true
        #expect(DrawnElements(chart.element()).all("reference").count == 1)
    }

    /// Files of charts without intervals are what they were: they carry no rules that they do not need.
    @Test func plainChartsKeepTheirStyleSheet() {
        var chart = chart(LineChart.Series("a", [Point(x: 1, y: 1)]))
        #expect(!chart.file().contains(".whisker") && chart.file().contains(LineChart.style))
        chart.series[0].intervals = [.init(x: 1, ChartInterval(0, 2))]
        #expect(chart.file().contains(ChartStyle.all))
    }

    @Test(arguments: [ChartAxis.Scale.linear, .logarithmic, .logit])
    func anyIntervalsGiveADrawing(scale: ChartAxis.Scale) {
        let values = [0, 1, -1, .nan, .infinity, 1e300, -1e300]
        for low in values {
            for high in values {
                for isBand in [false, true] {
                    var series = LineChart.Series("a", [Point(x: low, y: high)])
                    series.intervals = [
                        .init(x: high, ChartInterval(low, high)), .init(x: 1, ChartInterval(high, low)),
                    ]
                    series.isBand = isBand
                    let axis = ChartAxis(scale: scale)
                    var chart = LineChart("t", x: axis, y: axis, series: [series])
                    chart.columns = [.init(from: low, to: high, value: low)]
                    chart.hasDiagonal = true
                    _ = DrawnElements(chart.element())
                }
            }
        }
    }
}
