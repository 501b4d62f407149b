import Foundation
import TestSupport
import Testing

/// Labels, captions and templates that cannot be used.
@Suite struct BadTextTests {
    private func classify(_ arguments: String...) throws -> ClipProcess.Outcome {
        try clip(["classify", Fixture.photo] + arguments + Fixture.options)
    }

    private func rank(_ arguments: String...) throws -> ClipProcess.Outcome {
        try clip(["rank", Fixture.photo] + arguments + Fixture.options)
    }

    @Test func aTemplateNeedsItsPlace() throws {
        try classify("--labels", "cat", "--template", "a photo").failed(64, "a photo", "{}")
    }

    @Test func emptyChoicesAreRefused() throws {
        try classify().failed(64, "no labels")
        try classify("--labels", "").failed(64, "no labels")
        try classify("--labels", "cat, ,dog").failed(64, "no labels")
        try rank().failed(64, "no captions")
        try rank("--caption", "a", "--caption", " \u{3000}").failed(64, "no captions")
        try clip(["embed", "--json"] + Fixture.options).failed(64, "no pictures or texts")
        try clip(["tokenize"] + Fixture.named).failed(64, "no texts")
    }

    @Test func filesWithoutTextsAreRefused() throws {
        try withTemporaryDirectory { folder in
            let blank = try Fixture.write("\n \n".utf8, to: folder + "/blank.txt")
            try classify("--labels-file", blank).failed(64, "no labels")
            try classify("--labels-file", folder + "/none.txt").failed(66, "none.txt")
            try classify("--labels-file", folder).failed(66, folder)
        }
    }

    @Test func bytesThatAreNoTextAreRefused() throws {
        // The system's calls take any bytes; only a shell can pass them on from here.
        let shell = ["/bin/sh", "-c", "exec \"$@\" --caption \"$(printf 'caf\\351')\"", "sh"]
        try clip(["rank", Fixture.photo] + Fixture.options, launcher: shell).failed(65, "UTF-8", "argument 8")
        try withTemporaryDirectory { folder in
            let path = try Fixture.write(Array("good\ncaf".utf8) + [0xE9, 10], to: folder + "/captions.txt")
            try rank("--captions-file", path).failed(65, path, "line 2", "UTF-8")
        }
    }

    @Test func aHostileNameStaysOnItsLine() throws {
        try clip(["rank", "a\nclip: error: b\u{1B}[2J.jpg", "--caption", "a"] + Fixture.options).failed(
            66, "no such file")
    }
}
