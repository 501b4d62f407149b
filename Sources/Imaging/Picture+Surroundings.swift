extension Picture {
    /// The picture with its white surroundings in colors: what is white and reached from the edge without crossing anything
    /// else. A picture that is not white along most of its edge stays as it is.
    ///
    /// White is multiplied by the color, and so are the two pixels next to it, where what is drawn is blended into white.
    /// - Parameter color: red, green and blue at a place, as shares of white from 0 to 1.
    public func filledAround(_ color: (_ x: Int, _ y: Int) -> (Double, Double, Double)) -> Picture {
        guard let reached = whiteSurroundings() else { return self }
        var filled = pixels
        for y in 0..<height {
            for x in 0..<width where Self.isNear(reached, x, y, width: width, height: height) {
                let (red, green, blue) = color(x, y)
                let place = (y * width + x) * 3
                for (channel, share) in [red, green, blue].enumerated() {
                    filled[place + channel] = UInt8(max(0, min(255, Double(filled[place + channel]) * share)))
                }
            }
        }
        return Picture(unchecked: filled, width: width, height: height, name: name)
    }

    /// Channels from here on are white, as JPEG leaves it.
    private static let white: UInt8 = 244

    /// Whether each pixel is white and connected with the edge; nil where less than half of the edge is white.
    private func whiteSurroundings() -> [Bool]? {
        var reached = [Bool](repeating: false, count: width * height)
        var open: [Int] = []
        var isWhite = false
        pixels.withUnsafeBufferPointer { source in
            func visit(_ place: Int) {
                guard !reached[place], source[place * 3] >= Self.white, source[place * 3 + 1] >= Self.white,
                    source[place * 3 + 2] >= Self.white
                else { return }
                reached[place] = true
                open.append(place)
            }
            for x in 0..<width {
                visit(x)
                visit((height - 1) * width + x)
            }
            for y in 0..<height {
                visit(y * width)
                visit(y * width + width - 1)
            }
            isWhite = open.count >= width + height - 2
            guard isWhite else { return }
            while let place = open.popLast() {
                let x = place % width
                if x > 0 { visit(place - 1) }
                if x < width - 1 { visit(place + 1) }
                if place >= width { visit(place - width) }
                if place < width * (height - 1) { visit(place + width) }
            }
        }
        return isWhite ? reached : nil
    }

    /// Whether a pixel is reached, or one of those two away in a line.
    private static func isNear(_ reached: [Bool], _ x: Int, _ y: Int, width: Int, height: Int) -> Bool {
        if reached[y * width + x] { return true }
        for step in -2...2 where step != 0 {
            if (0..<width).contains(x + step), reached[y * width + x + step] { return true }
            if (0..<height).contains(y + step), reached[(y + step) * width + x] { return true }
        }
        return false
    }
}
