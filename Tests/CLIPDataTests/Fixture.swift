import Foundation

/// A committed fixture; `Fixtures/make_shards.py` makes them.
func fixture(_ name: String) -> URL {
    Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
}
