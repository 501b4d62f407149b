import Torch

/// What is asked for, each value once, and where it is asked for: labels that share sentences, captions that many pictures
/// have, and what is asked again and again are encoded once.
struct DistinctInputs<Value: Hashable & Sendable>: Sendable {
    /// In the order in which they come first.
    let values: [Value]
    /// For each value asked for, its place among ``values``; nil where all differ.
    private let places: [Int64]?

    init(_ asked: [Value]) {
        var values: [Value] = []
        var known: [Value: Int64] = [:]
        let places = asked.map { value in
            if let place = known[value] { return place }
            let place = Int64(values.count)
            known[value] = place
            values.append(value)
            return place
        }
        self.values = values
        self.places = values.count == asked.count ? nil : places
    }

    /// Rows of ``values``, `[D, …]`, as those of what was asked for: `[N, …]`.
    func spread(_ rows: Tensor) throws -> Tensor {
        try places.map { places in try Engine.inference { try rows.rows(Tensor(places)) } } ?? rows
    }
}
