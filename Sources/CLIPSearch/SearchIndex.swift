import CLIP
import CLIPData
import Files
import Foundation

/// Pictures and their vectors, in a folder.
///
/// The folder holds the catalogue, one SQLite file that is the truth, and a flat file of 8-bit integers that is made from
/// it and scanned by each search: exactly, over all rows. What a search finds is scored anew by the catalogue's vectors.
/// Writing is one process's at a time; others read meanwhile what is committed when they ask.
public final class SearchIndex: PictureIndex, @unchecked Sendable {
    /// The folder.
    public let path: String
    /// Whose vectors it holds.
    public let space: EmbeddingSpace
    let catalogue: Catalogue
    private let lock = NSLock()
    private var view: View?  // guarded by `lock`; nil before the first look

    /// What was on the disk at one moment. A search keeps its own while others go on.
    private struct View {
        /// Of the catalogue's contents.
        var version: Int64
        var scan: ScanFile
        /// Rows that are not deleted; nil where none is.
        var live: RowMask?
    }

    /// The folder.
    public var location: String { path }

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
        if let space { try require(space) }
        _ = try current()
    }

    private static func header(_ settings: Catalogue.Settings) -> ScanFile.Header {
        ScanFile.Header(
            dimension: settings.space.embeddingSize, fingerprint: settings.space.fingerprint,
            generation: settings.generation)
    }

    /// Pictures that can be found.
    public var count: Int {
        get throws {
            let view = try current()
            return view.live?.population ?? view.scan.count
        }
    }

    // MARK: Writing

    /// Adds pictures, each in place of what had its path.
    public func add(_ pictures: [PictureVector]) throws {
        guard !pictures.isEmpty else { return }
        for entry in pictures where entry.vector.count != dimension {
            throw SearchError.dimension(given: entry.vector.count, needed: dimension)
        }
        try writing {
            _ = try catalogue.add(pictures.map { ($0.picture, UnitVector($0.vector)) })
        }
    }

    /// Says that a picture's file has another path, or another time of change.
    public func move(_ id: Int64, to path: String, modified: Int64) throws {
        try writing { try catalogue.update(id, path: path, modified: modified) }
    }

    /// Forgets pictures.
    @discardableResult
    public func remove(_ ids: [Int64]) throws -> Int {
        try writing { try catalogue.remove(ids) }
    }

    /// Gives back the room of what was forgotten.
    public func compact() throws {
        try writing { try catalogue.compact() }
    }

    /// One process writes at a time; afterwards the scan file has what the catalogue has.
    private func writing<R>(_ body: () throws -> R) throws -> R {
        try Self.wrapping(path) {
            let lock = try FileLock("\(path)/lock")
            defer { withExtendedLifetime(lock) {} }
            let result = try body()
            try bringUpToDate(Self.header(catalogue.settings()))
            return result
        }
    }

    /// Makes the scan file what the catalogue says: cuts what is not known to be on the disk, appends what is missing, and
    /// writes it anew where its header or its rows are others. Only under the lock.
    private func bringUpToDate(_ header: ScanFile.Header) throws {
        let state = try catalogue.scanState
        let length = ScanFile.Header.size + state.rows * header.stride
        var rows = state.rows
        if let file = try existingScan(header, rows: rows), file.count == rows,
            rows == 0 || file.id(of: rows - 1) == state.scanned
        {
            if state.scanned == state.last { return }
            let appended = try AppendedFile(scanPath)
            if appended.length != length { try appended.cut(to: length) }
            rows += try append(after: state.scanned, header) { try appended.append($0) }
            try appended.synchronize()
        } else {
            let file = try FileWriter(scanPath)
            try file.write(header.bytes)
            rows = try append(after: 0, header) { try file.write($0) }
            try file.commit()
        }
        try catalogue.setScanned(state.last, rows: rows)
    }

    private func existingScan(_ header: ScanFile.Header, rows: Int) throws -> ScanFile? {
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
    private func append(
        after id: Int64, _ header: ScanFile.Header, _ write: ([UInt8]) throws -> Void
    ) throws -> Int {
        var buffer: [UInt8] = []
        var rows = 0
        try catalogue.vectors(after: id) { id, data in
            guard let vector = UnitVector(bytes: data, dimension: dimension) else {
                throw catalogue.damaged(vectorOf: id)
            }
            rows += 1
            buffer += ScanFile.bytes(id: id, vector.values, header: header)
            if buffer.count > 1 << 20 {
                try write(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        if !buffer.isEmpty { try write(buffer) }
        return rows
    }

    /// What is on the disk now: what was taken up before, unless something was written since.
    private func current() throws -> View {
        try Self.wrapping(path) {
            try lock.withLock {
                let version = try catalogue.version
                if let view, view.version == version { return view }
                let view = try read(version)
                self.view = view
                return view
            }
        }
    }

    private func read(_ version: Int64) throws -> View {
        func open() throws -> ScanFile? {
            let state = try catalogue.scanState
            guard state.scanned == state.last,
                let file = try existingScan(Self.header(catalogue.settings()), rows: state.rows),
                file.count == state.rows
            else { return nil }
            return file
        }
        var found = try open()
        if found == nil {
            // Whoever wrote was killed, or is between the catalogue and the scan file: it has the lock then.
            let lock = try FileLock("\(path)/lock")
            defer { withExtendedLifetime(lock) {} }
            try bringUpToDate(Self.header(catalogue.settings()))
            found = try open()
        }
        guard let file = found else {
            throw SearchError.damaged(path: path, problem: "its scan file cannot be made")
        }
        let deleted = try catalogue.deletedIDs
        var view = View(version: version, scan: file)
        if !deleted.isEmpty {
            var mask = RowMask(count: file.count, filled: true)
            for id in deleted { file.row(of: id).map { mask[$0] = false } }
            view.live = mask
        }
        return view
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
    /// All rows that the filter lets through are scanned, in 8-bit integers; those that may be among the answers are then
    /// scored by the vectors themselves.
    public func search(
        _ query: [Float], count: Int, filter: SearchFilter, leaving: Set<Int64>
    ) throws -> [SearchHit] {
        guard query.count == dimension else { throw SearchError.dimension(given: query.count, needed: dimension) }
        return try Self.wrapping(path) {
            let view = try current()
            let scan = view.scan
            guard scan.count > 0, count > 0 else { return [] }
            let mask = try mask(filter, leaving, scan, view.live)
            let answers = try ExactSearch(UnitVector.scaled(query), scan, mask, catalogue).best(count)
            let pictures = try catalogue.records(answers.map(\.id))
            return answers.compactMap { answer in
                pictures[answer.id].map { SearchHit(picture: $0, similarity: answer.similarity) }
            }
        }
    }

    private func mask(
        _ filter: SearchFilter, _ leaving: Set<Int64>, _ scan: ScanFile, _ live: RowMask?
    ) throws -> RowMask? {
        guard !filter.isEmpty || !leaving.isEmpty else { return live }
        var mask = live ?? RowMask(count: scan.count, filled: true)
        if !filter.isEmpty {
            var allowed = RowMask(count: scan.count, filled: false)
            for id in try catalogue.ids(filter) { scan.row(of: id).map { allowed[$0] = true } }
            mask = mask.and(allowed)
        }
        for id in leaving { scan.row(of: id).map { mask[$0] = false } }
        return mask
    }
}

// MARK: What there is

extension SearchIndex {
    /// What the folder holds, and takes on the disk.
    public func status() throws -> IndexStatus {
        let count = try count
        return try Self.wrapping(path) {
            let names = try Folder.names(in: path)
            let bytes = names.reduce(0) { sum, name in
                let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
                return sum + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
            }
            return IndexStatus(pictures: count, deleted: try catalogue.deletedIDs.count, bytes: bytes)
        }
    }

    /// Hands over every picture with its vector, in ascending order of numbers.
    public func read(_ body: (PictureVector) throws -> Void) throws {
        try Self.wrapping(path) { try catalogue.read(dimension: dimension, body) }
    }

    /// Pictures with their vectors; numbers that there are not are left out.
    public func pictures(_ ids: [Int64]) throws -> [Int64: PictureVector] {
        try Self.wrapping(path) { try catalogue.pictures(ids, dimension: dimension) }
    }

    /// The picture at a path.
    public func picture(at place: String) throws -> IndexedPicture? {
        try Self.wrapping(path) { try catalogue.picture(at: place) }
    }

    /// Pictures with the same contents.
    public func pictures(hash: String, size: Int) throws -> [PictureVector] {
        try Self.wrapping(path) { try catalogue.pictures(hash: hash, size: size, dimension: dimension) }
    }

    /// Where every picture lies, in ascending order of numbers.
    public func paths() throws -> [(id: Int64, path: String)] {
        try Self.wrapping(path) { try catalogue.paths() }
    }
}
