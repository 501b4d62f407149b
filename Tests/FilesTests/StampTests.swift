import Foundation
import TestSupport
import Testing

@testable import Files

/// A stamp stands for one content of one file, or there is none.
@Suite struct StampTests {
    @Test func everyChangeGivesAnother() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/weights"
            // By when any change has settled.
            func stamp(_ path: String) -> FileStamp? { FileStamp(path, now: Date(timeIntervalSinceNow: 60)) }
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
            let first = try #require(stamp(path))
            #expect(stamp(path) == first)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            // As long, and with its times set back, in its place and in another's.
            Thread.sleep(forTimeInterval: 0.05)
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.write(contentsOf: Data([3, 2, 1]))
            try file.close()
            try FileManager.default.setAttributes(
                [.modificationDate: try #require(attributes[.modificationDate])], ofItemAtPath: path)
            #expect(stamp(path) != first)
            try FileManager.default.copyItem(atPath: path, toPath: folder + "/other")
            #expect(stamp(folder + "/other") != stamp(path))
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: path)
            #expect(stamp(folder + "/link") == stamp(path), "a link is what it leads to")
        }
    }

    @Test func whatTimesDoNotSettleHasNone() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/weights"
            try Data([1]).write(to: URL(fileURLWithPath: path))
            #expect(FileStamp(path) == nil, "changed just now")
            #expect(FileStamp(path, now: Date(timeIntervalSinceNow: -3600)) == nil, "changed in the future")
            #expect(FileStamp(folder, now: .distantFuture) == nil && FileStamp(folder + "/none") == nil)
        }
    }
}
