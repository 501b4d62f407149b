import CLIP
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// Rows for an index in PostgreSQL, and the same ones in a folder.
enum PostgresFixture {
    static let dimension = SearchIndexTests.dimension

    /// A schema of a test's own.
    static func address(_ more: String..., user: String = PostgresServer.user) throws -> PostgresAddress {
        let name = "test \(UUID().uuidString.prefix(8)) \"a'b"
        let text = try PostgresServer.running().address(schema: name, user: user)
        return try PostgresAddress(([text] + more).joined(separator: "&"))
    }

    static func open(
        _ address: PostgresAddress, indexedFrom: Int = 1_000_000,
        onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> PostgresIndex {
        try PostgresIndex(
            address, makingFor: SearchIndexTests.space(), indexedFrom: indexedFrom, onNotice: onNotice)
    }

    /// Sixteen components of a quarter: of length 1 exactly, and the same in float16 and in bfloat16.
    static func vector(_ seed: Int) -> [Float] {
        var state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 12345
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var values = [Float](repeating: 0, count: dimension)
        var left = 16
        for place in 0..<dimension where next(dimension - place) < left {
            values[place] = next(2) == 0 ? 0.25 : -0.25
            left -= 1
        }
        return values
    }

    static func entries(_ numbers: Range<Int>, folder: String = "/pictures") -> [PictureVector] {
        numbers.map { PictureVector(picture: SearchIndexTests.picture($0, folder: folder), vector: vector($0)) }
    }

    /// Waits until something holds that the server brings about in its own time.
    static func eventually(_ condition: () throws -> Bool) throws -> Bool {
        for _ in 0..<400 {
            if try condition() { return true }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return false
    }

    /// Runs something several times at once, each on a thread of its own.
    static func atOnce(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let failures = Failures()
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            Thread {
                do { try body(number) } catch { failures.add(error) }
                group.leave()
            }.start()
        }
        group.wait()
        if let first = failures.first { throw first }
    }

    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private var errors: [any Error] = []
        func add(_ error: any Error) { lock.withLock { errors.append(error) } }
        var first: (any Error)? { lock.withLock { errors.first } }
    }
}
