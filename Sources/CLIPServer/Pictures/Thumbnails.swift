import CLIPSearch
import Files
import Foundation
import Imaging

/// Small copies of an index's pictures, as JPEG: made when they are asked for, and the last ones kept.
final class Thumbnails: @unchecked Sendable {
    /// Pixels of the longest side.
    static let sizes = [160, 320, 640, 1600]

    private struct Key: Hashable {
        let index: String
        let id: Int64
        let size: Int
    }

    private let lock = NSLock()
    private var kept: [Key: (data: Data, turn: Int)] = [:]  // guarded by `lock`
    private var bytes = 0  // guarded by `lock`
    private var turn = 0  // guarded by `lock`
    private let mostBytes: Int
    private let decoding: DecodeOptions

    init(decoding: DecodeOptions, mostBytes: Int = 64 << 20) {
        self.decoding = decoding
        self.mostBytes = mostBytes
    }

    /// One that was made before.
    func kept(_ index: String, _ id: Int64, size: Int) -> Data? {
        lock.withLock {
            let key = Key(index: index, id: id, size: size)
            guard let data = kept[key]?.data else { return nil }
            turn += 1
            kept[key]?.turn = turn
            return data
        }
    }

    /// Makes one. Blocks.
    /// - Throws: ``ServerError`` (404) where the picture's file is gone or cannot be read any more.
    func make(_ index: String, _ picture: IndexedPicture, size: Int) throws -> Data {
        let data: Data
        do {
            let bytes = try WholeFile.data(picture.path, limit: decoding.byteLimit)
            let small = try Picture.thumbnail(
                bytes, name: picture.path, longestSide: size, options: decoding)
            data = try small.encoded(as: .jpeg(quality: 85))
        } catch {
            throw ServerError(404, "picture_gone", "The picture's file is gone, or cannot be read any more.")
        }
        keep(data, Key(index: index, id: picture.id, size: size))
        return data
    }

    private func keep(_ data: Data, _ key: Key) {
        lock.withLock {
            turn += 1
            bytes += data.count - (kept[key]?.data.count ?? 0)
            kept[key] = (data, turn)
            guard bytes > mostBytes else { return }
            // A quarter at a time, so that sorting is rare.
            for (key, entry) in kept.sorted(by: { $0.value.turn < $1.value.turn }) {
                if bytes <= mostBytes * 3 / 4 { break }
                kept[key] = nil
                bytes -= entry.data.count
            }
        }
    }
}
