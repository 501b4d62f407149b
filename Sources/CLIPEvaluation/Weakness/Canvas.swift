import Imaging

/// A square picture that shapes are drawn on, with smooth edges.
///
/// Places and lengths are shares of its side, from the upper left, so that the same scene can be drawn at any size.
struct Canvas {
    struct Point: Equatable {
        let x: Double
        let y: Double
    }

    struct Color: Equatable {
        let red: UInt8
        let green: UInt8
        let blue: UInt8
    }

    let side: Int
    /// `[side, side, 3]`.
    private var pixels: [UInt8]

    /// Lines within a row of pixels at which shapes are cut; along each line the share of a pixel is exact.
    private static let linesPerRow = 8

    init(side: Int, background: Color) {
        self.side = side
        pixels = []
        pixels.reserveCapacity(side * side * 3)
        for _ in 0..<side * side { pixels += [background.red, background.green, background.blue] }
    }

    mutating func fillCircle(center: Point, radius: Double, color: Color) {
        fill(top: center.y - radius, bottom: center.y + radius, color: color) { y in
            let square = radius * radius - (y - center.y) * (y - center.y)
            guard square > 0 else { return [] }
            return [(center.x - square.squareRoot(), center.x + square.squareRoot())]
        }
    }

    /// A polygon that may be concave; where its edges cross, even and odd alternate.
    mutating func fillPolygon(_ corners: [Point], color: Color) {
        guard corners.count > 2 else { return }
        let heights = corners.map(\.y)
        fill(top: heights.min() ?? 0, bottom: heights.max() ?? 0, color: color) { y in
            var crossings: [Double] = []
            for (place, end) in corners.enumerated() {
                let start = corners[place == 0 ? corners.count - 1 : place - 1]
                guard (start.y <= y) != (end.y <= y) else { continue }
                crossings.append(start.x + (end.x - start.x) * (y - start.y) / (end.y - start.y))
            }
            crossings.sort()
            return stride(from: 0, to: crossings.count - 1, by: 2).map { (crossings[$0], crossings[$0 + 1]) }
        }
    }

    /// Puts what is dark in a picture, such as black text on white, on what is there. What lies outside is cut off.
    /// - Parameters:
    ///   - left: the pixel column of its left edge.
    ///   - top: the pixel row of its upper edge.
    mutating func darken(by picture: Picture, left: Int, top: Int) {
        for row in max(0, -top)..<max(0, -top, min(picture.height, side - top)) {
            for column in max(0, -left)..<max(0, -left, min(picture.width, side - left)) {
                let (from, to) = ((row * picture.width + column) * 3, ((top + row) * side + left + column) * 3)
                for channel in 0..<3 {
                    let product = Int(pixels[to + channel]) * Int(picture.pixels[from + channel])
                    pixels[to + channel] = UInt8((product + 127) / 255)
                }
            }
        }
    }

    func picture(name: String) throws -> Picture { try Picture(width: side, height: side, pixels: pixels, name: name) }

    /// - Parameter spans: from where to where a shape is cut at a height, all in shares of the side.
    private mutating func fill(
        top: Double, bottom: Double, color: Color, spans: (_ y: Double) -> [(left: Double, right: Double)]
    ) {
        let scale = Double(side)
        let (first, end) = (max(0, Int(top * scale)), min(side, Int((bottom * scale).rounded(.up))))
        guard first < end else { return }
        for row in first..<end {
            var coverage = Array(repeating: 0.0, count: side)
            for line in 0..<Self.linesPerRow {
                let y = (Double(row) + (Double(line) + 0.5) / Double(Self.linesPerRow)) / scale
                for span in spans(y) {
                    let (left, right) = (max(0, span.left * scale), min(scale, span.right * scale))
                    guard left < right else { continue }
                    for column in Int(left)...min(side - 1, Int(right)) {
                        let covered = min(right, Double(column + 1)) - max(left, Double(column))
                        coverage[column] += covered / Double(Self.linesPerRow)
                    }
                }
            }
            for (column, share) in coverage.enumerated() where share > 0 {
                let place = (row * side + column) * 3
                for (channel, value) in [color.red, color.green, color.blue].enumerated() {
                    let before = Double(pixels[place + channel])
                    pixels[place + channel] = UInt8((before + (Double(value) - before) * min(1, share)).rounded())
                }
            }
        }
    }
}
