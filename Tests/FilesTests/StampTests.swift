import Foundation
import Testing

@testable import Files

/// A stamp stands for one content of one file, or there is none.
@Suite struct StampTests {
    @Test func everyChangeGivesAnother() throws {
        let scratch = try Scratch()
        // By when any change has settled.
        func stamp(_ path: String) -> FileStamp? { FileStamp(path, now: Date(timeIntervalSinceNow: 60)) }
        let path = try scratch.file("weights", "abc")
        let first = try #require(stamp(path))
        #expect(stamp(path) == first)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        // As long, and with its time set back, in its place.
        Thread.sleep(forTimeInterval: 0.05)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data("cba".utf8))
        try file.close()
        try FileManager.default.setAttributes(
            [.modificationDate: try #require(attributes[.modificationDate])], ofItemAtPath: path)
        #expect(stamp(path) != first)
        try FileManager.default.copyItem(atPath: path, toPath: scratch.path("other"))
        #expect(stamp(scratch.path("other")) != stamp(path))
        try scratch.link("link", to: path)
        #expect(stamp(scratch.path("link")) == stamp(path), "a link is what it leads to")
    }

    @Test func whatTimesDoNotSettleHasNone() throws {
        let scratch = try Scratch()
        let path = try scratch.file("weights")
        #expect(FileStamp(path) == nil, "changed just now")
        #expect(FileStamp(path, now: Date(timeIntervalSinceNow: -3600)) == nil, "changed in the future")
        #expect(FileStamp(scratch.folder, now: .distantFuture) == nil && FileStamp(scratch.path("none")) == nil)
    }
}
