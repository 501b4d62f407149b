import Foundation

/// A range of values drawn as a whisker or a band: an interval of confidence, a deviation. An end that is not finite
/// leaves it out.
package struct ChartInterval: Sendable, Equatable {
    package var low: Double
    package var high: Double

    package init(_ low: Double, _ high: Double) {
        self.low = low
        self.high = high
    }
}

/// The rectangle that values are drawn in, with its two axes.
struct ChartFrame {
    let x: FittedAxis
    let y: FittedAxis
    /// In the drawing's own units, as are all places.
    let left: Double
    let top: Double
    let width: Double
    let height: Double

    /// Within the frame, from its upper left corner; far outside it values are cut off, lest numbers overflow.
    func position(_ point: LineChart.Point) -> (x: Double, y: Double)? {
        guard let across = x.position(point.x), let up = y.position(point.y) else { return nil }
        return (Self.bounded(across) * width, (1 - Self.bounded(up)) * height)
    }

    static func bounded(_ share: Double) -> Double { min(max(share, -10), 11) }

    /// The ends of an interval as shares of an axis. One that a logarithm has no place for lies far outside.
    static func ends(_ interval: ChartInterval, on axis: FittedAxis) -> (low: Double, high: Double)? {
        guard interval.low.isFinite, interval.high.isFinite else { return nil }
        let ends = [interval.low, interval.high].map { bounded(axis.position($0) ?? -10) }
        return (min(ends[0], ends[1]), max(ends[0], ends[1]))
    }

    /// A bar between an interval's ends at a point, with its caps.
    func whisker(_ interval: ChartInterval, isVertical: Bool, at point: LineChart.Point, style: String) -> String {
        guard let ends = Self.ends(interval, on: isVertical ? y : x) else { return "" }
        guard let across = (isVertical ? x.position(point.x) : y.position(point.y)) else { return "" }
        let place = { ChartSVG.place($0) }
        var path = ""
        if isVertical {
            let middle = Self.bounded(across) * width
            let (low, high) = ((1 - ends.low) * height, (1 - ends.high) * height)
            path = "M\(place(middle)) \(place(low))V\(place(high))"
            for end in [low, high] { path += "M\(place(middle - 3)) \(place(end))h6" }
        } else {
            let middle = (1 - Self.bounded(across)) * height
            path = "M\(place(ends.low * width)) \(place(middle))H\(place(ends.high * width))"
            for end in [ends.low, ends.high] { path += "M\(place(end * width)) \(place(middle - 3))v6" }
        }
        return "<path class=\"whisker \(style)\" d=\"\(path)\"/>"
    }

    /// The places whose y equals their x, as far as both axes reach; none where they have nothing in common.
    var diagonal: [(x: Double, y: Double)] {
        let (low, high) = (max(x.low, y.low), min(x.high, y.high))
        guard low < high else { return [] }
        // On two scales of one kind it is straight.
        let steps = x.scale == y.scale ? 1 : 200
        return (0...steps).compactMap { step in
            let value = step == steps ? high : low + (high - low) * Double(step) / Double(steps)
            return position(LineChart.Point(x: value, y: value))
        }
    }

    func drawnDiagonal() -> String {
        let path = ChartSVG.polyline(diagonal)
        return path.isEmpty ? "" : "<path class=\"reference\" d=\"\(path)\"/>\n"
    }

    /// The frame, with lines across at the ticks of y, and their numbers.
    /// - Parameters:
    ///   - title: what the axis below is called.
    ///   - hasColumns: whether there are lines at the ticks of x too.
    ///   - limit: how wide the drawing is.
    func grid(title: String, hasColumns: Bool = false, hasRows: Bool = true, limit: Double) -> String {
        let (right, bottom) = (left + width, top + height)
        var lines = ""
        var numbers = ""
        for tick in hasRows ? y.ticks : [] {
            guard let share = y.position(tick.value) else { continue }
            let height = bottom - share * height
            lines += "M\(ChartSVG.place(left)) \(ChartSVG.place(height))H\(ChartSVG.place(right))"
            numbers += ChartSVG.text(tick.label, x: left - 7, y: height + 4, "number end")
        }
        for tick in x.ticks {
            guard let share = x.position(tick.value) else { continue }
            let across = left + share * width
            if hasColumns { lines += "M\(ChartSVG.place(across)) \(ChartSVG.place(top))V\(ChartSVG.place(bottom))" }
            lines += "M\(ChartSVG.place(across)) \(ChartSVG.place(bottom))v5"
            // A number at the frame's end would stand half outside the drawing.
            let half = ChartText.width(tick.label) / 2
            let center = min(max(across, half + 2), limit - half - 2)
            numbers += ChartSVG.text(tick.label, x: center, y: bottom + 18, "number middle")
        }
        let corner = "M\(ChartSVG.place(left)) \(ChartSVG.place(top))"
        let frame = corner + "V\(ChartSVG.place(bottom))H\(ChartSVG.place(right))"
        var svg = "<path class=\"grid\" d=\"\(lines)\"/><path class=\"frame\" d=\"\(frame)\"/>\n\(numbers)"
        if !title.isEmpty { svg += ChartSVG.text(title, x: left + width / 2, y: bottom + 38, "soft middle") }
        return svg
    }

    /// A drawing inside the drawing that cuts off what runs beyond the axes.
    /// - Parameter room: how far beyond them is still shown: half a line's or a marker's width.
    func clipped(_ content: String, room: Int = 3) -> String {
        let edge = Double(room)
        let (width, height) = (ChartSVG.place(width + 2 * edge), ChartSVG.place(height + 2 * edge))
        return "<svg x=\"\(ChartSVG.place(left - edge))\" y=\"\(ChartSVG.place(top - edge))\" width=\"\(width)\" "
            + "height=\"\(height)\" viewBox=\"-\(room) -\(room) \(width) \(height)\">\n" + content + "</svg>\n"
    }
}
