import CArchive
import Foundation
import Transfer

/// Shards that lie on other machines.
enum RemoteShards {
    static func isRemote(_ name: String) -> Bool {
        let start = name.prefix(8).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }

    /// How patient reading is; a connection may break as often as it likes while it brings something.
    @TaskLocal static var options = DownloadOptions()

    static func url(_ address: String) throws(CLIPDataError) -> URL {
        guard let url = URL(string: address), url.host?.isEmpty == false else {
            throw .invalidSpecification(specification: address, reason: "it is no valid http:// or https:// address")
        }
        return url
    }
}

/// Lets reading that waits for a server be ended from elsewhere.
final class ReadInterruption: @unchecked Sendable {
    private struct Entry { weak var stream: RemoteByteStream? }

    private let lock = NSLock()
    private var isRequested = false
    private var entries: [Entry] = []

    func add(_ stream: RemoteByteStream) {
        let isLate = lock.withLock {
            entries.removeAll { $0.stream == nil }
            entries.append(Entry(stream: stream))
            return isRequested
        }
        if isLate { stream.close() }
    }

    func request() {
        let streams = lock.withLock {
            isRequested = true
            return entries.compactMap(\.stream)
        }
        for stream in streams { stream.close() }
    }
}

/// A shard on a server, streamed: at most a few mebibytes of it are in memory.
final class RemoteInput: ShardInput {
    private let stream: RemoteByteStream
    /// What libarchive reads from at present; it has to stay in place until the next call.
    private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var last: [UInt8] = []
    private(set) var failure: CLIPDataError?

    init(address: String, from offset: Int, interruption: ReadInterruption?) throws(CLIPDataError) {
        stream = RemoteByteStream(try RemoteShards.url(address), from: offset, options: RemoteShards.options)
        interruption?.add(stream)
    }

    deinit { block.deallocate() }

    var totalBytes: Int? { stream.totalBytes }

    /// Only as good as what has been read; asked for at the end.
    func tail() -> [UInt8]? { last.count == 1024 ? last : nil }

    func open(_ archive: OpaquePointer) -> Int32 {
        archive_read_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, context, buffer in
                guard let context, let buffer else { return -1 }
                return Unmanaged<RemoteInput>.fromOpaque(context).takeUnretainedValue().read(into: buffer)
            }, nil)
    }

    private func read(into buffer: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do throws(TransferError) {
            guard let data = try stream.next() else { return 0 }
            if block.count < data.count {
                block.deallocate()
                block = .allocate(byteCount: data.count, alignment: 16)
            }
            data.copyBytes(to: block)
            last = Array((last + data.suffix(1024)).suffix(1024))
            buffer.pointee = UnsafeRawPointer(block.baseAddress)
            return data.count
        } catch {
            failure = .remote(error)
            return -1
        }
    }
}
