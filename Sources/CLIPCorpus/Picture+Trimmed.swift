import Imaging

extension Picture {
    /// Cuts off a white surrounding, leaving a margin of a twenty-fifth of what is left: many drawings sit in the
    /// corner of an empty page. A picture that is white all over, or has little white around it, stays as it is.
    func trimmedOfWhite() throws -> Picture {
        let white: UInt8 = 248
        var (left, right, top, bottom) = (width, -1, height, -1)
        pixels.withUnsafeBufferPointer { source in
            for y in 0..<height {
                let row = y * width * 3
                func isInk(_ x: Int) -> Bool {
                    source[row + x * 3] < white || source[row + x * 3 + 1] < white || source[row + x * 3 + 2] < white
                }
                guard let first = (0..<width).first(where: isInk) else { continue }
                let last = (first..<width).last(where: isInk) ?? first
                left = min(left, first)
                right = max(right, last)
                top = min(top, y)
                bottom = y
            }
        }
        guard right >= left, bottom >= top else { return self }
        let margin = max(right - left + 1, bottom - top + 1) / 25 + 1
        let (x0, x1) = (max(0, left - margin), min(width, right + 1 + margin))
        let (y0, y1) = (max(0, top - margin), min(height, bottom + 1 + margin))
        guard (x1 - x0) * (y1 - y0) * 10 < width * height * 9 else { return self }
        var cut: [UInt8] = []
        cut.reserveCapacity((x1 - x0) * (y1 - y0) * 3)
        for y in y0..<y1 { cut += pixels[((y * width + x0) * 3)..<((y * width + x1) * 3)] }
        return try Picture(width: x1 - x0, height: y1 - y0, pixels: cut, name: name)
    }
}
