import Files
import Testing

@testable import CLIPSearch

/// When changes that are told have their turn.
@Suite struct PendingChangesTests {
    private typealias Due = PendingChanges.Due

    @Test func filesHaveTheirTurnWhenTheyAreWhole() {
        var pending = PendingChanges()
        pending.take(.named("a"), at: 0)
        pending.take(.growing("a"), at: 0.1)
        #expect(pending.due(at: 10).isEmpty)
        pending.take(.growing("a"), at: 10)
        // Another name for it changes nothing.
        pending.take(.named("a"), at: 11)
        #expect(pending.due(at: 20).isEmpty)
        pending.take(.written("a"), at: 20)
        #expect(pending.due(at: 20.1).isEmpty)
        #expect(pending.due(at: 20.5) == Due(files: ["a"]) && pending.due(at: 100).isEmpty)
        // One that is written again and again waits for the last time.
        for time in 0..<10 {
            pending.take(.written("b"), at: 200 + 0.2 * Double(time))
            #expect(pending.due(at: 200 + 0.2 * Double(time) + 0.1).isEmpty)
        }
        #expect(pending.due(at: 203).files == ["b"])
    }

    @Test func linksAndMissedEndsHaveTheirTurnToo() {
        var pending = PendingChanges()
        pending.take(.named("link"), at: 0)
        #expect(pending.due(at: 1).isEmpty && pending.due(at: 3) == Due(files: ["link"]))
        pending.take(.growing("open"), at: 0)
        #expect(pending.due(at: 59).isEmpty && pending.due(at: 61) == Due(files: ["open"]))
    }

    @Test func whatIsRenamedIsNotForgottenFirst() {
        var pending = PendingChanges()
        pending.take(.gone("old", isFolder: false), at: 0)
        pending.take(.written("new"), at: 0)
        #expect(pending.due(at: 0.5) == Due(files: ["new"]))
        #expect(pending.due(at: 1.5) == Due(goneFiles: ["old"]))
        // Replaced by renaming another over it.
        pending.take(.gone("a", isFolder: false), at: 10)
        pending.take(.written("a"), at: 10.1)
        #expect(pending.due(at: 20) == Due(files: ["a"]))
        // Written, and removed at once.
        pending.take(.written("b"), at: 30)
        pending.take(.gone("b", isFolder: false), at: 30.1)
        #expect(pending.due(at: 40) == Due(goneFiles: ["b"]))
    }

    @Test func aFolderTakesItsFilesWithIt() {
        var pending = PendingChanges()
        for path in ["f/a", "f/g/b", "fa", "h/c"] { pending.take(.written(path), at: 0) }
        pending.take(.gone("f", isFolder: true), at: 0.1)
        #expect(pending.due(at: 10) == Due(files: ["fa", "h/c"], goneFolders: ["f"]))
        pending.take(.unknown, at: 20)
        #expect(pending.due(at: 20) == Due(needsLook: true) && pending.due(at: 21).isEmpty)
    }
}
