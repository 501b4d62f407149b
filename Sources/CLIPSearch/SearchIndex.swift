import CLIP
import CLIPData
import Files
import Foundation

/// Pictures and their vectors, on disk: what is asked by words or by picture.
///
/// A folder holds the catalogue, one SQLite file that is the truth, and a flat file of 8-bit integers that is made from it
/// and scanned by each search: exactly, over all rows. What a search finds is scored anew by the catalogue's vectors.
/// Writing is one process's at a time; others read meanwhile what was committed when they opened the index.
public final class SearchIndex {
    /// The folder.
    public let path: String
    /// Whose vectors it holds.
    public let space: EmbeddingSpace
    let catalogue: Catalogue
    private var header: ScanFile.Header
    private var scan: ScanFile?
    /// Rows that are not deleted; nil where none is.
    private var live: RowMask?

    /// Vectors of a space.
    public var dimension: Int { space.embeddingSize }

    private var scanPath: String { "\(path)/vectors.scan" }

    /// Opens an index.
    /// - Throws: ``SearchError``.
    public convenience init(path: String) throws {
        guard FileManager.default.fileExists(atPath: "\(path)/\(Catalogue.name)") else {
            throw SearchError.noIndex(path: path)
        }
        try self.init(path, makingFor: nil)
    }

    /// Opens an index of a space, or makes it.
    /// - Throws: ``SearchError/spacesDiffer(path:differences:)`` where there is one of another space.
    public convenience init(path: String, space: EmbeddingSpace) throws {
        try Self.wrapping(path) { try Folder.make(path) }
        try self.init(path, makingFor: space)
    }

    private init(_ path: String, makingFor space: EmbeddingSpace?) throws {
        self.path = path
        let file = "\(path)/\(Catalogue.name)"
        let settings: Catalogue.Settings
        (catalogue, settings) = try Self.wrapping(path) {
            let lock = try FileLock("\(path)/lock")
            defer { withExtendedLifetime(lock) {} }
            let catalogue = try Catalogue(path: file)
            // One that was killed before it had its tables is none yet.
            if try !catalogue.isMade {
                guard let space else { throw SearchError.noIndex(path: path) }
                try catalogue.create(.init(space: space, generation: 1))
            }
            return (catalogue, try catalogue.settings())
        }
        self.space = settings.space
        header = ScanFile.Header(
            dimension: settings.space.embeddingSize, fingerprint: settings.space.fingerprint,
            generation: settings.generation)
        if let space { try require(space) }
        try Self.wrapping(path) { try refresh() }
    }

    /// Refuses vectors of another space.
    /// - Throws: ``SearchError/spacesDiffer(path:differences:)``.
    public func require(_ other: EmbeddingSpace) throws {
        let differences = space.differences(from: other)
        guard differences.isEmpty else { throw SearchError.spacesDiffer(path: path, differences: differences) }
    }

    /// A path that means the same from everywhere. Links are left as they are.
    public static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// Pictures there are.
    public var count: Int { live?.population ?? scan?.count ?? 0 }

    // MARK: Writing

    /// Adds pictures, each in place of what had its path.
    package func add(_ pictures: [(picture: IndexedPicture, vector: [Float])]) throws {
        guard !pictures.isEmpty else { return }
        for (_, vector) in pictures where vector.count != dimension {
            throw SearchError.dimension(given: vector.count, needed: dimension)
        }
        try writing {
            _ = try catalogue.add(pictures.map { ($0.picture, UnitVector($0.vector)) })
        }
    }

    /// Says that a picture's file has another path, or another time of change.
    func move(_ id: Int64, to path: String, modified: Int64) throws {
        try writing { try catalogue.update(id, path: path, modified: modified) }
    }

    /// Pictures with the same contents, and what is known of them.
    struct SameContents {
        let paths: [(id: Int64, path: String)]
        let vector: [Float]
        let width: Int
        let height: Int
        let taken: Int64?
    }

    func sameContents(hash: String, size: Int) throws -> SameContents? {
        try Self.wrapping(path) {
            let found = try catalogue.pictures(hash: hash, size: size, dimension: dimension)
            guard let first = found.first else { return nil }
            return SameContents(
                paths: found.map { ($0.picture.id, $0.picture.path) }, vector: first.vector.values,
                width: first.picture.width, height: first.picture.height, taken: first.picture.taken)
        }
    }

    /// Forgets pictures.
    /// - Returns: how many of the numbers there were.
    @discardableResult
    public func remove(_ ids: [Int64]) throws -> Int {
        try writing { try catalogue.remove(ids) }
    }

    /// Gives back the room of what was forgotten.
    public func compact() throws {
        try writing {
            try catalogue.compact()
            header = ScanFile.Header(
                dimension: header.dimension, fingerprint: header.fingerprint,
                generation: try catalogue.settings().generation)
        }
    }

    /// One process writes at a time; afterwards the scan file has what the catalogue has.
    private func writing<R>(_ body: () throws -> R) throws -> R {
        try Self.wrapping(path) {
            let lock = try FileLock("\(path)/lock")
            defer { withExtendedLifetime(lock) {} }
            let result = try body()
            try bringUpToDate()
            try refresh(isLocked: true)
            return result
        }
    }

    /// Makes the scan file what the catalogue says: cuts what is not known to be on the disk, appends what is missing, and
    /// writes it anew where its header or its rows are others. Only under the lock.
    private func bringUpToDate() throws {
        let state = try catalogue.scanState
        let length = ScanFile.Header.size + state.rows * header.stride
        var rows = state.rows
        if let file = try existingScan(rows: rows), file.count == rows,
            rows == 0 || file.id(of: rows - 1) == state.scanned
        {
            if state.scanned == state.last { return }
            let appended = try AppendedFile(scanPath)
            if appended.length != length { try appended.cut(to: length) }
            rows += try append(after: state.scanned) { try appended.append($0) }
            try appended.synchronize()
        } else {
            let file = try FileWriter(scanPath)
            try file.write(header.bytes)
            rows = try append(after: 0) { try file.write($0) }
            try file.commit()
        }
        try catalogue.setScanned(state.last, rows: rows)
    }

    private func existingScan(rows: Int) throws -> ScanFile? {
        guard FileManager.default.fileExists(atPath: scanPath) else { return nil }
        do throws(FileFault) {
            return try ScanFile(path: scanPath, header: header, count: rows)
        } catch {
            if case .tooShort = error.cause { return nil }
            throw error
        }
    }

    /// Hands over the rows of pictures after one, some thousand at a time.
    /// - Returns: how many there were.
    private func append(after id: Int64, _ write: ([UInt8]) throws -> Void) throws -> Int {
        var buffer: [UInt8] = []
        var rows = 0
        try catalogue.read(after: id, includingDeleted: true) { picture, data in
            guard let vector = UnitVector(bytes: [UInt8](data), dimension: dimension) else {
                throw SearchError.damaged(path: path, problem: "picture \(picture.id) has a vector of another length")
            }
            rows += 1
            buffer += ScanFile.bytes(id: picture.id, QuantizedVector(vector.values), header: header)
            if buffer.count > 1 << 20 {
                try write(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        if !buffer.isEmpty { try write(buffer) }
        return rows
    }

    /// Takes up what is on the disk.
    private func refresh(isLocked: Bool = false) throws {
        func open() throws -> ScanFile? {
            let state = try catalogue.scanState
            guard state.scanned == state.last, let file = try existingScan(rows: state.rows), file.count == state.rows
            else { return nil }
            return file
        }
        scan = try open()
        if scan == nil, !isLocked {
            let lock = try FileLock("\(path)/lock")
            defer { withExtendedLifetime(lock) {} }
            header = ScanFile.Header(
                dimension: header.dimension, fingerprint: header.fingerprint,
                generation: try catalogue.settings().generation)
            try bringUpToDate()
            scan = try open()
        }
        live = nil
        let deleted = try catalogue.deletedIDs
        guard let file = scan, !deleted.isEmpty else { return }
        var mask = RowMask(count: file.count, filled: true)
        for id in deleted {
            let row = file.row(from: id)
            if row < file.count, file.id(of: row) == id { mask[row] = false }
        }
        live = mask
    }

    /// Lets failures of files and of SQLite be this library's errors.
    static func wrapping<R>(_ path: String, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let fault as FileFault {
            throw SearchError.file(fault)
        } catch let error as SearchError {
            throw error
        } catch let error as any Failure {
            throw error
        } catch {
            throw Catalogue.fault(path, error)
        }
    }
}

// MARK: Asking

extension SearchIndex {
    /// What was found.
    public struct Hit: Sendable, Equatable {
        /// The picture.
        public let picture: IndexedPicture
        /// The cosine of the angle between the two, -1 to 1.
        public let similarity: Float
    }

    /// The pictures that are nearest to a vector, best first; of equally near ones, the one with the lower number.
    ///
    /// All rows that the filter lets through are scanned, in 8-bit integers; several times the answers asked for are then
    /// scored by the vectors themselves, and more as long as one that was left out might belong among them.
    /// - Parameters:
    ///   - query: of any length above 0 and the index's dimension.
    ///   - count: how many to give; fewer where there are not so many.
    ///   - filter: which pictures may be found.
    ///   - leaving: numbers of pictures that are left out.
    /// - Throws: ``SearchError/dimension(given:needed:)``.
    public func search(
        _ query: [Float], count: Int, filter: SearchFilter = SearchFilter(), leaving: Set<Int64> = []
    ) throws -> [Hit] {
        guard query.count == dimension else { throw SearchError.dimension(given: query.count, needed: dimension) }
        return try Self.wrapping(path) {
            guard let scan, scan.count > 0, count > 0 else { return [] }
            let unit = UnitVector.scaled(query)
            let mask = try mask(filter, leaving, scan)
            var wanted = min(scan.count, 4 * count + 64)
            while true {
                let candidates = scan.best(unit, wanted: wanted, mask: mask)
                let found = try catalogue.pictures(candidates.map(\.id), dimension: dimension)
                let hits = candidates.compactMap { candidate in
                    found[candidate.id].map { Hit(picture: $0.picture, similarity: $0.vector.dot(unit)) }
                }.sorted { ($1.similarity, $0.picture.id) < ($0.similarity, $1.picture.id) }
                let answers = Array(hits.prefix(count))
                let isAll = candidates.count < wanted || wanted >= scan.count
                if isAll { return answers }
                // What was left out scored at most so much.
                if let last = answers.last, answers.count == count, let limit = candidates.last?.score,
                    last.similarity >= limit + Self.margin
                {
                    return answers
                }
                wanted = min(scan.count, 4 * wanted)
            }
        }
    }

    /// How far a product of 8-bit integers was seen to be from the vectors' own, with room: five times the largest of a
    /// million.
    static let margin: Float = 0.02

    private func mask(_ filter: SearchFilter, _ leaving: Set<Int64>, _ scan: ScanFile) throws -> RowMask? {
        guard !filter.isEmpty || !leaving.isEmpty else { return live }
        var mask = live ?? RowMask(count: scan.count, filled: true)
        if !filter.isEmpty {
            var allowed = RowMask(count: scan.count, filled: false)
            for id in try catalogue.ids(filter) {
                let row = scan.row(from: id)
                if row < scan.count, scan.id(of: row) == id { allowed[row] = true }
            }
            mask = mask.and(allowed)
        }
        for id in leaving {
            let row = scan.row(from: id)
            if row < scan.count, scan.id(of: row) == id { mask[row] = false }
        }
        return mask
    }
}

// MARK: What there is

extension SearchIndex {
    /// What an index holds.
    public struct Status: Sendable, Equatable {
        /// Pictures that can be found.
        public let pictures: Int
        /// Those whose room ``SearchIndex/compact()`` gives back.
        public let deleted: Int
        /// Of the index's files.
        public let bytes: Int
    }

    /// - Throws: ``SearchError``.
    public func status() throws -> Status {
        try Self.wrapping(path) {
            let names = try Folder.names(in: path)
            let bytes = names.reduce(0) { sum, name in
                let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
                return sum + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
            }
            return Status(pictures: count, deleted: try catalogue.deletedIDs.count, bytes: bytes)
        }
    }

    /// Hands over every picture with its vector of length 1, in ascending order of numbers.
    public func read(_ body: (IndexedPicture, [Float]) throws -> Void) throws {
        try Self.wrapping(path) {
            try catalogue.read { picture, data in
                guard let vector = UnitVector(bytes: [UInt8](data), dimension: dimension) else {
                    throw SearchError.damaged(
                        path: path, problem: "picture \(picture.id) has a vector of another length")
                }
                try body(picture, vector.values)
            }
        }
    }

    /// Forgets pictures at paths, and below folders.
    /// - Returns: how many there were.
    public func remove(under paths: [String]) throws -> Int {
        let ids = try pictures(under: paths).map(\.id)
        return ids.isEmpty ? 0 : try remove(ids)
    }

    /// Pictures at paths, and below folders.
    func pictures(under paths: [String]) throws -> [(id: Int64, path: String)] {
        let places = paths.map { Self.absolute($0) }
        return try Self.wrapping(path) { try catalogue.paths() }.filter { picture in
            places.contains { picture.path == $0 || picture.path.hasPrefix($0 + "/") }
        }
    }

    /// The numbers of pictures that are a file, or have its contents.
    public func ids(ofFile file: String) throws -> [Int64] {
        let place = Self.absolute(file)
        let own = try Self.wrapping(path) { try catalogue.picture(at: place)?.id }
        guard let bytes = try? WholeFile.data(file, limit: PairSample.defaultMaximumImageBytes) else {
            return [own].compactMap { $0 }
        }
        let same = try sameContents(hash: IndexUpdate.hash(bytes), size: bytes.count)?.paths.map(\.id) ?? []
        return [own].compactMap { $0 } + same
    }
}
