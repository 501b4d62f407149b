import Foundation
import GRDB

/// The nearest vectors of a folder's index: found by scanning 8-bit integers, scored by the vectors that are kept.
struct ExactSearch {
    /// Of length 1.
    private let query: [Float]
    private let scan: ScanFile
    private let mask: RowMask?
    private let catalogue: Catalogue

    /// More rows than this are not scored for one question, or eight for each answer: so many lie within the margin only
    /// where they are next to the same, as one picture's copies.
    private static let mostCandidates = 65_536

    init(_ query: [Float], _ scan: ScanFile, _ mask: RowMask?, _ catalogue: Catalogue) {
        (self.query, self.scan, self.mask, self.catalogue) = (query, scan, mask, catalogue)
    }

    /// Best first; of equal ones, the lower number.
    ///
    /// Two scans at most: the first scores somewhat more rows than are asked for, and the last of its answers says what a
    /// row must score to belong among them; where the first scan did not go down so far, the second one does.
    func best(_ count: Int) throws -> [(id: Int64, similarity: Float)] {
        // Few more are enough for many answers: they lie closer together.
        let wanted = min(scan.count, count + min(3 * count, 1000) + 64)
        let first = scan.best(query, wanted: wanted, mask: mask)
        let scored = try sorted(first.hits.map(\.id))
        let answers = Array(scored.prefix(count))
        guard first.hits.count == wanted, wanted < scan.count, let limit = first.hits.last?.score else {
            return answers
        }
        // Fewer where some were removed meanwhile.
        let least = answers.count == count ? answers[count - 1].similarity - first.margin : -.infinity
        if limit < least { return answers }
        let known = Set(first.hits.map(\.id))
        let most = min(scan.count, max(Self.mostCandidates, 8 * count) + wanted)
        let second = scan.best(query, wanted: most, mask: mask, least: least)
        let more = try sorted(second.hits.map(\.id).filter { !known.contains($0) })
        return Array((scored + more).sorted(by: Self.isBetter).prefix(count))
    }

    private func sorted(_ ids: [Int64]) throws -> [(id: Int64, similarity: Float)] {
        try catalogue.similarities(ids, to: query).sorted(by: Self.isBetter)
    }

    private static func isBetter(_ left: (id: Int64, similarity: Float), _ right: (id: Int64, similarity: Float))
        -> Bool
    {
        (right.similarity, left.id) < (left.similarity, right.id)
    }
}

extension Catalogue {
    /// Products of vectors with a query, of the pictures that are there.
    func similarities(_ ids: [Int64], to query: [Float]) throws -> [(id: Int64, similarity: Float)] {
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT vector FROM pictures WHERE id = ? AND deleted = 0")
            var found: [(id: Int64, similarity: Float)] = []
            found.reserveCapacity(ids.count)
            // In the order of the table.
            for id in ids.sorted() {
                // A row is the cursor's, which lives as long.
                let rows = try Row.fetchCursor(statement, arguments: [id])
                defer { withExtendedLifetime(rows) {} }
                guard let row = try rows.next() else { continue }
                let product = try row.withUnsafeData(atIndex: 0) { data in
                    data?.withUnsafeBytes { UnitVector.dot(bytes: $0, query) }
                }
                guard let product else { throw damaged(vectorOf: id) }
                found.append((id, product))
            }
            return found
        }
    }

    /// The vectors of every picture after one, deleted ones too, in ascending order of numbers.
    func vectors(after id: Int64, _ body: (Int64, Data) throws -> Void) throws {
        try pool.read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, vector FROM pictures WHERE id > ? ORDER BY id", arguments: [id])
            // By their places: names are looked up for each row.
            while let row = try rows.next() { try body(row[0], row[1]) }
        }
    }

    /// What is known of pictures, without their vectors; numbers that there are not are left out.
    func records(_ ids: [Int64]) throws -> [Int64: IndexedPicture] {
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT \(Self.columns) FROM pictures WHERE id = ? AND deleted = 0")
            var found: [Int64: IndexedPicture] = [:]
            for id in ids {
                if let row = try Row.fetchOne(statement, arguments: [id]) { found[id] = Self.picture(row) }
            }
            return found
        }
    }
}
