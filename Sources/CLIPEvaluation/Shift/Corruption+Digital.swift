import Foundation
import Imaging

extension Corruption.Raster {
    /// Each channel nearer to its mean.
    func withLessContrast(_ level: Int) -> Self {
        let kept: Float = [0.4, 0.3, 0.2, 0.1, 0.05][level]
        var sums = (0.0, 0.0, 0.0)
        var result = self
        result.updatePixels { red, green, blue in
            sums = (sums.0 + Double(red), sums.1 + Double(green), sums.2 + Double(blue))
            return (red, green, blue)
        }
        let count = Double(width * height)
        let (red, green, blue) = (Float(sums.0 / count), Float(sums.1 / count), Float(sums.2 / count))
        result.updatePixels { (($0 - red) * kept + red, ($1 - green) * kept + green, ($2 - blue) * kept + blue) }
        return result
    }

    /// HSV's saturation times a factor, and more.
    func saturated(_ level: Int) -> Self {
        let (factor, more): (Float, Float) = [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)][level]
        var result = self
        result.updatePixels { red, green, blue in
            let value = max(red, green, blue)
            let range = value - min(red, green, blue)
            guard range > 0 else {
                // Gray has no hue. Hue 0, which is red, comes out if it is given saturation, in the published set too.
                let rest = value * (1 - min(1, more))
                return (value, rest, rest)
            }
            let saturation = range / value
            let change = min(1, saturation * factor + more) / saturation
            return (value - (value - red) * change, value - (value - green) * change, value - (value - blue) * change)
        }
        return result
    }

    /// Reduced to means of boxes, and enlarged to as many pixels as before.
    func pixelated(_ level: Int) -> Self {
        let scale = [0.6, 0.5, 0.4, 0.3, 0.25][level]
        func reduced(_ side: Int) -> Int { max(1, Int(Double(side) * scale)) }
        return resized(width: reduced(width), height: reduced(height), .box).resized(width: width, height: height, .box)
    }

    /// As a JPEG and back.
    func compressed(_ level: Int) throws -> Self {
        let quality = [25, 18, 15, 10, 7][level]
        let name = Corruption.jpegCompression.rawValue
        return Self(try Picture.decode(picture(name: name).encoded(as: .jpeg(quality: quality)), name: name))
    }

    /// Turned and sheared a little, then displaced by fields that are smooth to a degree (Simard, Steinkraus and Platt, "Best
    /// Practices for Convolutional Neural Networks", 2003).
    func stretched(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        // Of 244 pixels, as published, where 224 were meant.
        let (strength, smoothness, corner) = [
            (2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02),
        ][level]
        let map = affine(Float(244 * corner), &numbers)
        let moved = sampled(edge: .mirror) { x, y in map(Float(x), Float(y)) }
        let (sigma, factor) = (244 * smoothness, Float(244 * strength))
        var fields: [Self] = []
        for _ in 0..<2 {
            var field = Self(width: width, height: height, repeating: 0)
            field.update { _ in numbers.uniform(-1, 1) }
            fields.append(field.blurred(sigma, reach: 3, edge: .reflect))
        }
        let (across, down) = (fields[0].values, fields[1].values)
        return moved.sampled(edge: .reflect) { x, y in
            let place = y * width + x
            return (Float(x) + across[place] * factor, Float(y) + down[place] * factor)
        }
    }

    /// Where a pixel comes from when three points around the middle are moved by up to `reach` pixels.
    private func affine(
        _ reach: Float, _ numbers: inout Corruption.RandomNumbers
    ) -> (Float, Float) -> (x: Float, y: Float) {
        let (centerX, centerY) = (Float(width / 2), Float(height / 2))
        let arm = Float(max(1, min(width, height) / 3))
        while true {
            let moves = (0..<6).map { _ in numbers.uniform(-reach, reach) }
            // From the second point to the first and to the third, before: (0, 2 arm) and (-2 arm, 0).
            let cornerX = centerX + arm + moves[2]
            let cornerY = centerY - arm + moves[3]
            let (downX, downY) = (moves[0] - moves[2], 2 * arm + moves[1] - moves[3])
            let (leftX, leftY) = (moves[4] - moves[2] - 2 * arm, moves[5] - moves[3])
            let area = downX * leftY - downY * leftX
            // In pictures much smaller than those published the three can come to lie in a line, which nothing undoes.
            guard abs(area) > 0.01 * arm * arm else { continue }
            return { x, y in
                let (fromX, fromY) = (x - cornerX, y - cornerY)
                let downs = (fromX * leftY - fromY * leftX) / area
                let lefts = (fromY * downX - fromX * downY) / area
                return (centerX + arm - 2 * arm * lefts, centerY - arm + 2 * arm * downs)
            }
        }
    }
}
