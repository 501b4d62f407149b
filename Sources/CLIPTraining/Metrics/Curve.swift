import Foundation
import Pages

/// A measurement over a run's steps in bounded memory: once there are many, neighbors share a bucket that keeps their
/// mean, their lowest and their highest value, so that a million steps are drawn as faithfully as a thousand.
struct Curve: Sendable {
    static let capacity = 4096

    private struct Bucket {
        var sum: Double
        var count: Int
        var first: Int
        var low: LineChart.Point
        var high: LineChart.Point

        mutating func merge(_ other: Bucket) {
            sum += other.sum
            count += other.count
            if other.low.y < low.y { low = other.low }
            if other.high.y > high.y { high = other.high }
        }
    }

    private var buckets: [Bucket] = []
    /// How many measurements a bucket is filled with.
    private var size = 1
    private(set) var last: Double?

    var isEmpty: Bool { buckets.isEmpty }

    /// Adds a finite value of a step later than those before.
    mutating func append(step: Int, _ value: Double) {
        guard value.isFinite else { return }
        let point = LineChart.Point(x: Double(step), y: value)
        let bucket = Bucket(sum: value, count: 1, first: step, low: point, high: point)
        last = value
        if let end = buckets.indices.last, buckets[end].count < size {
            buckets[end].merge(bucket)
            return
        }
        if buckets.count == Self.capacity {
            size *= 2
            for index in 0..<(buckets.count / 2) {
                var merged = buckets[2 * index]
                merged.merge(buckets[2 * index + 1])
                buckets[index] = merged
            }
            buckets.removeLast(buckets.count / 2)
        }
        buckets.append(bucket)
    }

    /// The lowest and highest values, in their order.
    var extremes: [LineChart.Point] {
        buckets.flatMap { bucket in
            bucket.low.x == bucket.high.x
                ? [bucket.low] : bucket.low.x < bucket.high.x ? [bucket.low, bucket.high] : [bucket.high, bucket.low]
        }
    }

    /// Means, at the first step each is of.
    var means: [LineChart.Point] {
        buckets.map { LineChart.Point(x: Double($0.first), y: $0.sum / Double($0.count)) }
    }

    /// How many steps stand behind one of the means.
    var stepsPerMean: Int { size }
}
