import CoreMetrics
import Foundation

/// Keeps what is counted and timed, and writes it in Prometheus's text form (version 0.0.4).
///
/// It is a factory of swift-metrics, so that other libraries' figures can be read at the same place.
public final class PrometheusMetrics: MetricsFactory, @unchecked Sendable {
    private let lock = NSLock()
    private var series: [String: Series] = [:]  // guarded by `lock`

    public init() {}

    /// What goes up: its name ends with `_total`.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions, .counter)
    }

    /// What goes up and down, or with `aggregate` a histogram.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        find(label, dimensions, aggregate ? .histogram : .gauge)
    }

    /// A histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions, .histogram)
    }

    /// Nothing: what was counted stays.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Nothing: what was recorded stays.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Nothing: what was timed stays.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Labels that come from requests must not grow without end.
    private static let mostSeries = 2000

    private func find(_ label: String, _ dimensions: [(String, String)], _ kind: Series.Kind) -> Series {
        let name = Self.name(label)
        let sorted = dimensions.sorted { $0.0 < $1.0 }
        let key = "\(kind) \(name) " + sorted.map { "\($0.0)=\($0.1)" }.joined(separator: "\u{1}")
        return lock.withLock {
            if let found = series[key] { return found }
            let made = Series(name, sorted, kind)
            if series.count < Self.mostSeries { series[key] = made }
            return made
        }
    }

    private static func name(_ label: String) -> String {
        let name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == ":" ? $0 : "_" })
        return name.first?.isNumber == true ? "_" + name : name
    }

    /// Everything, a line each.
    public func text() -> String {
        let all = lock.withLock { series.values.map { $0 } }
        var text = ""
        for (name, group) in Dictionary(grouping: all, by: \.fullName).sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(group[0].kind)\n"
            for one in group.sorted(by: { $0.labels < $1.labels }) { text += one.lines() }
        }
        return text
    }

    /// One figure with its labels.
    final class Series: CounterHandler, RecorderHandler, TimerHandler, @unchecked Sendable {
        enum Kind: String { case counter, gauge, histogram }

        /// Upper bounds, in seconds where it is a time.
        static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 32, 64, 256]

        let name: String
        let labels: String
        let kind: Kind
        private let lock = NSLock()
        private var value = 0.0  // guarded by `lock`
        private var count = 0  // guarded by `lock`
        private var buckets = [Int](repeating: 0, count: bounds.count)  // guarded by `lock`

        init(_ name: String, _ dimensions: [(String, String)], _ kind: Kind) {
            self.name = name
            self.kind = kind
            labels = dimensions.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        }

        private static func escaped(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }

        var fullName: String { kind == .counter ? name + "_total" : name }

        func increment(by amount: Int64) { lock.withLock { value += Double(amount) } }
        func reset() { lock.withLock { value = 0 } }
        func record(_ value: Int64) { record(Double(value)) }
        func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

        func record(_ value: Double) {
            lock.withLock {
                guard kind == .histogram else {
                    self.value = value
                    return
                }
                self.value += value
                count += 1
                if let place = Self.bounds.firstIndex(where: { value <= $0 }) { buckets[place] += 1 }
            }
        }

        func lines() -> String {
            lock.withLock {
                func line(_ suffix: String, _ more: String, _ value: String) -> String {
                    let all = [labels, more].filter { !$0.isEmpty }.joined(separator: ",")
                    return "\(name)\(suffix)\(all.isEmpty ? "" : "{\(all)}") \(value)\n"
                }
                guard kind == .histogram else { return line(kind == .counter ? "_total" : "", "", "\(value)") }
                var sum = 0
                var text = ""
                for (bound, bucket) in zip(Self.bounds, buckets) {
                    sum += bucket
                    text += line("_bucket", "le=\"\(bound)\"", "\(sum)")
                }
                return text + line("_bucket", "le=\"+Inf\"", "\(count)") + line("_sum", "", "\(value)")
                    + line("_count", "", "\(count)")
            }
        }
    }
}
