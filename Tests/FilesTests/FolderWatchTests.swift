#if os(Linux)
import Foundation
import Testing

@testable import Files

/// What is told of folders that are watched.
@Suite struct FolderWatchTests {
    /// Changes until one is told, or for a generous while.
    private func changes(_ watch: FolderWatch, until wanted: FolderChange) throws -> [FolderChange] {
        var found: [FolderChange] = []
        for _ in 0..<600 where !found.contains(wanted) { found += try watch.changes(waiting: 50) }
        #expect(found.contains(wanted), "\(wanted) is not in \(found)")
        return found
    }

    private func touch(_ path: String) throws { try Data().write(to: URL(fileURLWithPath: path)) }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "swift-clip-watch-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/deep/deeper", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func filesAreToldOfWhenTheyAreWhole() throws {
        try withFolder { folder in
            let watch = try FolderWatch([folder])
            let path = folder + "/deep/deeper/a.jpg"
            try touch(path)
            _ = try changes(watch, until: .written(path))
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.write(contentsOf: Data([1]))
            #expect(try !changes(watch, until: .growing(path)).contains(.written(path)))
            try file.close()
            _ = try changes(watch, until: .written(path))
            try FileManager.default.linkItem(atPath: path, toPath: folder + "/b.jpg")
            _ = try changes(watch, until: .named(folder + "/b.jpg"))
            // Hidden ones are not told of.
            try touch(folder + "/.hidden.jpg")
            try FileManager.default.removeItem(atPath: path)
            #expect(try changes(watch, until: .gone(path, isFolder: false)).count == 1)
        }
    }

    @Test func foldersThatComeAreWatchedAndThoseThatGoAreNot() throws {
        try withFolder { folder in
            let manager = FileManager.default
            let watch = try FolderWatch([folder])
            #expect(watch.isComplete)
            try manager.createDirectory(atPath: folder + "/new/inner", withIntermediateDirectories: true)
            _ = try changes(watch, until: .folder(folder + "/new", hasFiles: false))
            try touch(folder + "/new/inner/a.jpg")
            _ = try changes(watch, until: .written(folder + "/new/inner/a.jpg"))
            try manager.moveItem(atPath: folder + "/new", toPath: folder + "/other")
            _ = try changes(watch, until: .folder(folder + "/other", hasFiles: true))
            try touch(folder + "/other/inner/b.jpg")
            _ = try changes(watch, until: .written(folder + "/other/inner/b.jpg"))
            // Elsewhere it is of no concern.
            let elsewhere = folder + "-elsewhere"
            defer { try? manager.removeItem(atPath: elsewhere) }
            try manager.moveItem(atPath: folder + "/other", toPath: elsewhere)
            _ = try changes(watch, until: .gone(folder + "/other", isFolder: true))
            try touch(elsewhere + "/inner/c.jpg")
            try touch(folder + "/last.jpg")
            let last = try changes(watch, until: .written(folder + "/last.jpg"))
            #expect(!last.contains(.written(elsewhere + "/inner/c.jpg")) && last.count <= 2)
        }
    }

    @Test func linksInACircleEnd() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/deep/back", withDestinationPath: folder)
            let watch = try FolderWatch([folder])
            try touch(folder + "/a.jpg")
            _ = try changes(watch, until: .written(folder + "/a.jpg"))
        }
    }

    @Test func missingFoldersAreNamed() {
        let fault = #expect(throws: FileFault.self) { try FolderWatch(["/no/such/folder"]) }
        #expect(fault?.path == "/no/such/folder" && fault?.isMissing == true && fault?.operation == .watching)
    }
}
#endif
