import Dispatch
import Foundation

#if os(Linux)
/// Tells what happens in folders and all below them, hidden ones left out, by inotify.
package final class FolderWatch {
    private let descriptor: Int32
    private var folders: [Int32: String] = [:]
    private var hasAll = true
    private var lastLook = FolderWatch.now
    private let lookSeconds: Double

    private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR)

    /// - Parameter lookSeconds: where the system watches no more folders, how often all is to be looked through.
    /// - Throws: `FileFault` for a folder that cannot be watched. Of those below, such are passed over.
    package init(_ roots: [String], lookSeconds: Double = 60) throws(FileFault) {
        self.lookSeconds = lookSeconds
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw .system(roots.first ?? ".", .watching) }
        for root in roots {
            guard Folder.exists(root) else { throw FileFault(root, .watching, .system(ENOENT)) }
            watch(root)
            if folders.isEmpty, hasAll { throw .system(root, .watching) }
        }
    }

    deinit { close(descriptor) }

    /// Whether the system tells of every folder; where it does not, ``FolderChange/unknown`` comes now and then.
    package var isComplete: Bool { hasAll }

    /// Watches a folder and those below, each once, also where links make a circle.
    private func watch(_ root: String) {
        var waiting = [root]
        while let folder = waiting.popLast() {
            let number = inotify_add_watch(descriptor, folder, Self.mask)
            guard number >= 0 else {
                // The system's limit, not the disk's.
                if errno == ENOSPC { hasAll = false }
                continue
            }
            if folders[number] != nil { continue }
            folders[number] = folder
            for name in (try? Folder.names(in: folder)) ?? [] where !name.hasPrefix(".") {
                let path = Folder.join(folder, name)
                if Folder.exists(path) { waiting.append(path) }
            }
        }
    }

    /// A folder that went elsewhere is another one when it comes back.
    private func forget(_ folder: String) {
        for (number, path) in folders where path == folder || path.hasPrefix(folder + "/") {
            inotify_rm_watch(descriptor, number)
            folders[number] = nil
        }
    }

    /// What happened since the last time.
    /// - Parameter milliseconds: how long to wait where nothing did.
    package func changes(waiting milliseconds: Int32) throws(FileFault) -> [FolderChange] {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&wait, 1, milliseconds)
        var found: [FolderChange] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno != EAGAIN { throw .system(folders.values.first ?? ".", .watching) }
            if count <= 0 { break }
            found += changes(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        if !hasAll, Self.now - lastLook > lookSeconds {
            lastLook = Self.now
            found.append(.unknown)
        }
        return found
    }

    /// Events as inotify(7) lays them out: the folder's number, a mask, a cookie, the name's length, the name.
    private func changes(in bytes: UnsafeRawBufferPointer) -> [FolderChange] {
        var found: [FolderChange] = []
        var place = 0
        while place + 16 <= bytes.count {
            let number = bytes.loadUnaligned(fromByteOffset: place, as: Int32.self)
            let mask = Int32(bitPattern: bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
            let length = Int(bytes.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
            let end = min(bytes.count, place + 16 + length)
            let name = String(decoding: bytes[place + 16..<end].prefix { $0 != 0 }, as: UTF8.self)
            place = end
            if mask & Int32(IN_Q_OVERFLOW) != 0 {
                found.append(.unknown)
            } else if let folder = folders[number] {
                if mask & Int32(IN_IGNORED) != 0 {
                    folders[number] = nil
                } else if !name.isEmpty, !name.hasPrefix(".") {
                    change(mask, Folder.join(folder, name)).map { found.append($0) }
                }
            }
        }
        return found
    }

    private func change(_ mask: Int32, _ path: String) -> FolderChange? {
        func happened(_ bit: some BinaryInteger) -> Bool { mask & Int32(bit) != 0 }
        if happened(IN_MOVED_FROM) || happened(IN_DELETE) {
            let isFolder = happened(IN_ISDIR)
            if isFolder { forget(path) }
            return .gone(path, isFolder: isFolder)
        }
        if happened(IN_ISDIR) || happened(IN_CREATE) && Folder.exists(path) {
            guard happened(IN_CREATE) || happened(IN_MOVED_TO) else { return nil }
            watch(path)
            return .folder(path, hasFiles: happened(IN_MOVED_TO))
        }
        if happened(IN_CLOSE_WRITE) || happened(IN_MOVED_TO) { return .written(path) }
        if happened(IN_MODIFY) { return .growing(path) }
        return happened(IN_CREATE) ? .named(path) : nil
    }
}
#else
/// Tells now and then that something may have happened: what the folders hold is to be looked through.
package final class FolderWatch {
    private var lastLook = Date()
    private let lookSeconds: Double

    /// - Throws: `FileFault` for a folder that is not there.
    package init(_ roots: [String], lookSeconds: Double = 10) throws(FileFault) {
        self.lookSeconds = lookSeconds
        for root in roots where !Folder.exists(root) { throw FileFault(root, .watching, .system(ENOENT)) }
    }

    /// Whether the system tells of every folder.
    package var isComplete: Bool { false }

    /// - Parameter milliseconds: how long to wait.
    package func changes(waiting milliseconds: Int32) throws(FileFault) -> [FolderChange] {
        usleep(UInt32(max(0, milliseconds)) * 1000)
        guard Date().timeIntervalSince(lastLook) > lookSeconds else { return [] }
        lastLook = Date()
        return [.unknown]
    }
}
#endif
