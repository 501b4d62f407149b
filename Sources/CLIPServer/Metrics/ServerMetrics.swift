import CoreMetrics

/// What a server counts of itself.
struct ServerMetrics: Sendable {
    let factory: PrometheusMetrics

    /// A batch that the model computed.
    func batch(_ kind: String, _ count: Int, seconds: Double) {
        let labels = [("kind", kind)]
        factory.makeRecorder(label: "clip_batch_size", dimensions: labels, aggregate: true).record(Int64(count))
        factory.makeTimer(label: "clip_batch_seconds", dimensions: labels).recordNanoseconds(Int64(seconds * 1e9))
        factory.makeCounter(label: "clip_embedded", dimensions: labels).increment(by: Int64(count))
    }

    /// A request that was answered.
    func request(_ route: String, status: Int, seconds: Double) {
        factory.makeCounter(label: "clip_requests", dimensions: [("route", route), ("status", "\(status)")])
            .increment(by: 1)
        factory.makeTimer(label: "clip_request_seconds", dimensions: [("route", route)])
            .recordNanoseconds(Int64(seconds * 1e9))
    }

    /// How it stands now.
    func gauge(_ label: String, _ value: Int) {
        factory.makeRecorder(label: label, dimensions: [], aggregate: false).record(Int64(value))
    }
}
