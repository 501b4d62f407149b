import Imaging

extension Corruption {
    /// A picture in floating point, from 0 to 1: `[H, W, channels]`, rows from the top.
    struct Raster: Sendable, Equatable {
        let width: Int
        let height: Int
        let channels: Int
        var values: [Float]

        init(width: Int, height: Int, channels: Int, values: [Float]) {
            (self.width, self.height, self.channels, self.values) = (width, height, channels, values)
        }

        /// One channel of one value.
        init(width: Int, height: Int, repeating value: Float) {
            self.init(
                width: width, height: height, channels: 1, values: Array(repeating: value, count: width * height))
        }

        init(_ picture: Picture) {
            self.init(
                width: picture.width, height: picture.height, channels: 3,
                values: picture.pixels.map { Float($0) * (1 / 255) })
        }

        /// With its shortest side brought to `shortestSide` pixels; of the longer one, what is not a whole pixel is dropped.
        ///
        /// - Throws: ``EvaluationError/samples(name:problem:)`` for a long strip, which would become very large.
        init(_ picture: Picture, shortestSide: Int) throws {
            let (width, height) = (picture.width, picture.height)
            let (shortest, longest) = (min(width, height), max(width, height))
            guard longest / shortest <= 32 else {
                throw EvaluationError.samples(
                    name: picture.name,
                    problem: "\(width) x \(height) pixels are a strip; corrupt pictures up to 32 times as long as wide")
            }
            guard shortest != shortestSide else {
                self.init(picture)
                return
            }
            let long = longest * shortestSide / shortest
            let (toWidth, toHeight) = width < height ? (shortestSide, long) : (long, shortestSide)
            // Rows first, so that a large picture is never held in floating point as a whole.
            let length = width * 3
            let rows = Self.resampled(rows: height, of: length, to: toHeight, .bilinear) { row, line in
                picture.pixels.withUnsafeBufferPointer { bytes in
                    for index in 0..<length { line[index] = Float(bytes[row * length + index]) * (1 / 255) }
                }
            }
            self = Raster(width: width, height: toHeight, channels: 3, values: rows).transposed()
                .resampledRows(to: toWidth, .bilinear).transposed()
            // To bytes, as pictures of that size are.
            update { ($0 * 255).rounded() * (1 / 255) }
        }

        /// Three channels as bytes, rounded; what lies outside of 0 to 1 is cut off.
        func picture(name: String) throws -> Picture {
            let bytes = values.map { UInt8(max(0, min(255, $0 * 255 + 0.5))) }
            return try Picture(width: width, height: height, pixels: bytes, name: name)
        }

        /// Rows become columns.
        func transposed() -> Raster {
            let moved = [Float](unsafeUninitializedCapacity: values.count) { out, filled in
                values.withUnsafeBufferPointer { source in
                    var from = 0
                    for y in 0..<height {
                        for x in 0..<width {
                            let to = (x * height + y) * channels
                            for channel in 0..<channels { out[to + channel] = source[from + channel] }
                            from += channels
                        }
                    }
                }
                filled = values.count
            }
            return Raster(width: height, height: width, channels: channels, values: moved)
        }
    }
}

// MARK: - Resizing

extension Corruption.Raster {
    /// How rows between rows are found.
    enum Filter {
        /// The mean of those that a new row covers.
        case box
        /// By distance, antialiased.
        case bilinear

        fileprivate var support: Double { self == .box ? 0.5 : 1 }

        fileprivate func weight(_ distance: Double) -> Double {
            switch self {
            case .box: distance > -0.5 && distance <= 0.5 ? 1 : 0
            case .bilinear: max(0, 1 - abs(distance))
            }
        }
    }

    func resized(width: Int, height: Int, _ filter: Filter) -> Self {
        resampledRows(to: height, filter).transposed().resampledRows(to: width, filter).transposed()
    }

    fileprivate func resampledRows(to count: Int, _ filter: Filter) -> Self {
        let length = width * channels
        let rows = values.withUnsafeBufferPointer { source in
            Self.resampled(rows: height, of: length, to: count, filter) { row, line in
                for index in 0..<length { line[index] = source[row * length + index] }
            }
        }
        return Self(width: width, height: count, channels: channels, values: rows)
    }

    /// Pillow's `resize` in one direction, with its weights: `[rows, length]` to `[count, length]`.
    /// - Parameter read: writes a row's values into a line.
    fileprivate static func resampled(
        rows: Int, of length: Int, to count: Int, _ filter: Filter, read: (Int, UnsafeMutablePointer<Float>) -> Void
    ) -> [Float] {
        let scale = Double(rows) / Double(count)
        let stretch = max(scale, 1)
        let support = filter.support * stretch
        var line = [Float](repeating: 0, count: length)
        var result = [Float](repeating: 0, count: length * count)
        result.withUnsafeMutableBufferPointer { result in
            line.withUnsafeMutableBufferPointer { line in
                guard let start = result.baseAddress, let line = line.baseAddress else { return }
                for place in 0..<count {
                    let center = (Double(place) + 0.5) * scale
                    let first = max(0, Int(center - support + 0.5))
                    let last = min(rows, Int(center + support + 0.5))
                    let raw = (first..<last).map { filter.weight((Double($0) - center + 0.5) / stretch) }
                    let sum = raw.reduce(0, +)
                    for (index, weight) in raw.enumerated() where weight != 0 {
                        read(first + index, line)
                        let share = Float(weight / sum)
                        let out = start + place * length
                        for index in 0..<length { out[index] += share * line[index] }
                    }
                }
            }
        }
        return result
    }
}
