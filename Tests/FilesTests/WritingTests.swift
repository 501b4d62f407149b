import Foundation
import Testing

@testable import Files

@Suite struct WritingTests {
    @Test func aFileAppearsWholeOrNotAtAll() throws {
        let scratch = try Scratch()
        try scratch.file("file", "old")
        let writer = try FileWriter(scratch.path("file"))
        try writer.write(Data("new".utf8))
        #expect(try scratch.text("file") == "old")
        #expect(try scratch.names().count == 2)
        writer.discard()
        #expect(try scratch.names() == ["file"])

        let second = try FileWriter(scratch.path("file"))
        try second.write([UInt8]("new".utf8))
        try second.write([UInt8](" and more".utf8))
        try second.commit()
        #expect(try scratch.text("file") == "new and more")
        #expect(try scratch.names() == ["file"])
    }

    @Test func aFileThatIsLetGoOfLeavesNothing() throws {
        let scratch = try Scratch()
        do { _ = try FileWriter(scratch.path("file")).write([1, 2, 3] as [UInt8]) }
        #expect(try scratch.names().isEmpty)
    }

    @Test func twoWritersOfOnePathDoNotMeet() throws {
        let scratch = try Scratch()
        let (first, second) = (try FileWriter(scratch.path("file")), try FileWriter(scratch.path("file")))
        try first.write([UInt8]("first".utf8))
        try second.write([UInt8]("second".utf8))
        try second.commit()
        #expect(try scratch.text("file") == "second")
        try first.commit()
        #expect(try scratch.text("file") == "first")
        #expect(try scratch.names() == ["file"])
    }

    @Test func aWriterThatStaysOpenGoesOnUnderTheFilesName() throws {
        let scratch = try Scratch()
        try scratch.file("log", "old lines")
        let writer = try FileWriter(scratch.path("log"))
        try writer.write([UInt8]("kept\n".utf8))
        try writer.commit(staysOpen: true)
        #expect(try scratch.text("log") == "kept\n")
        try writer.write([UInt8]("added\n".utf8))
        #expect(try scratch.text("log") == "kept\nadded\n")
        writer.discard()
        #expect(try scratch.names() == ["log"])
    }

    @Test func permissionsOfTheFileThatWasThereStay() throws {
        let scratch = try Scratch()
        let path = try scratch.file("secret")
        chmod(path, 0o600)
        try WholeFile.write("new", to: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func aMissingFolderIsNamed() throws {
        let scratch = try Scratch()
        let found = fault { try WholeFile.write("new", to: scratch.path("none/file")) }
        #expect(found == FileFault(scratch.path("none"), .creating, .system(ENOENT)))
        #expect(found?.isMissing == true)
    }

    @Test func longNamesAreWritten() throws {
        let scratch = try Scratch()
        for name in [String(repeating: "x", count: 255), String(repeating: "猫", count: 85)] {
            try WholeFile.write(name, to: scratch.path(name))
            #expect(try scratch.text(name) == name)
        }
        #expect(fault { try WholeFile.write("", to: scratch.path(String(repeating: "x", count: 256))) } != nil)
        #expect(try scratch.names().count == 2)
    }

    @Test func aDirectoryAppearsWholeOrNotAtAll() throws {
        struct Broken: Error {}
        let scratch = try Scratch()
        let path = scratch.path("new/folders/model")
        #expect(throws: Broken.self) {
            try WholeDirectory.write(path) { temporary in
                try WholeFile.write("half", to: temporary + "/file")
                throw Broken()
            }
        }
        #expect(try scratch.names("new/folders").isEmpty)
        for text in ["first", "second"] {
            try WholeDirectory.write(path) { temporary in
                try WholeFile.write(text, to: temporary + "/file")
                try Folder.make(temporary + "/below")
                try WholeFile.write(text, to: temporary + "/below/\(text)")
            }
            #expect(try scratch.text("new/folders/model/file") == text)
            #expect(try scratch.names("new/folders/model/below") == [text])
            #expect(try scratch.names("new/folders") == ["model"])
        }
    }

    @Test func aDirectoryIsReplacedOnlyWhereThatIsWanted() throws {
        let scratch = try Scratch()
        try Folder.make(scratch.path("step"))
        try scratch.file("step/file")
        let found = fault {
            try WholeDirectory.write(scratch.path("step"), replacing: false) {
                try WholeFile.write("new", to: $0 + "/file")
            }
        }
        #expect([EEXIST, ENOTEMPTY].contains(found?.code))
        #expect(try scratch.text("step/file") == "old")
        #expect(try scratch.names() == ["step"])
    }

    @Test func theFolderOneStandsInCanBeReplaced() throws {
        let scratch = try Scratch()
        try Folder.make(scratch.path("model"))
        try WholeDirectory.write(scratch.path("model/.")) { try WholeFile.write("new", to: $0 + "/file") }
        #expect(try scratch.names() == ["model"])
        #expect(try scratch.text("model/file") == "new")
    }

    @Test func aLinkIsTurnedInOneStep() throws {
        let scratch = try Scratch()
        for destination in ["a", "b", "none"] {
            try SymbolicLink.turn(scratch.path("best"), to: destination)
            #expect(scratch.destination("best") == destination)
            #expect(try scratch.names() == ["best"])
        }
        try Folder.make(scratch.path("folder"))
        #expect(fault { try SymbolicLink.turn(scratch.path("folder"), to: "a") } != nil)
        #expect(try scratch.names() == ["best", "folder"])
    }

    @Test func aFileGrowsAcrossOpeningsAndGetsItsName() throws {
        let scratch = try Scratch()
        do { try AppendedFile(scratch.path("part")).append(Data("one ".utf8)) }
        let file = try AppendedFile(scratch.path("part"))
        #expect(file.length == 4)
        try file.append(Data("two".utf8))
        #expect(file.length == 7)
        try file.commit(to: scratch.path("whole"))
        #expect(try scratch.text("whole") == "one two")
        #expect(try scratch.names() == ["whole"])
        #expect(fault { _ = try AppendedFile(scratch.path("whole"), isNew: true) }?.code == EEXIST)
        try scratch.link("link", to: "whole")
        #expect(fault { _ = try AppendedFile(scratch.path("link")) } != nil)

        let other = try AppendedFile(scratch.path("whole"))
        try other.clear()
        #expect(other.length == 0)
        #expect(try scratch.text("whole").isEmpty)
        other.remove()
        #expect(try scratch.names() == ["link"])
    }

    @Test func leftoversAreRemovedAndNothingElse() throws {
        let scratch = try Scratch()
        let others = [
            ".file.txt.12.0.tmp", ".file.bak", ".files.12.0.tmp", ".file.x.tmp", "file.12.0.tmp", ".file..tmp",
        ]
        for name in ["file", ".file.12.0.tmp", ".file.12345.tmp"] + others { try scratch.file(name) }
        try Folder.make(scratch.path(".file.7.1.tmp.old"))
        Leftovers.remove(of: scratch.path("file"))
        #expect(try scratch.names() == (["file"] + others).sorted())
        Leftovers.removeAll(in: scratch.folder)
        #expect(try scratch.names() == ["file", ".file.bak", ".file.x.tmp", "file.12.0.tmp", ".file..tmp"].sorted())
    }

    @Test func whatSteppedAsideComesBackWhereItsPlaceIsEmpty() throws {
        let scratch = try Scratch()
        for name in [".model.7.1.tmp", ".model.7.1.tmp.old"] { try Folder.make(scratch.path(name)) }
        try scratch.file(".model.7.1.tmp.old/file")
        Leftovers.remove(of: scratch.path("model"))
        #expect(try scratch.names() == ["model"])
        #expect(try scratch.text("model/file") == "old")
    }

    @Test func foldersAreMadeAndListed() throws {
        let scratch = try Scratch()
        try Folder.make(scratch.path("a/b/c/"))
        try Folder.make(scratch.path("a/b/c"))
        #expect(try Folder.names(in: scratch.path("a/b")) == ["c"])
        try scratch.file("file")
        #expect(fault { try Folder.make(scratch.path("file")) }?.cause == .notAFolder)
        #expect(fault { try Folder.make(scratch.path("file/below")) }?.code == ENOTDIR)
        #expect(fault { _ = try Folder.names(in: scratch.path("file")) }?.cause == .notAFolder)
        #expect(fault { _ = try Folder.names(in: scratch.path("none")) }?.isMissing == true)
        #expect((Folder.freeBytes(at: scratch.path("not/yet/there")) ?? 0) > 0)
        #expect((Folder.freeBytes(at: "file") ?? 0) > 0)
    }

    @Test func pathsAreTakenApartAsTheSystemDoes() {
        let expected = [
            ("a", ".", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("//a", "/", "a"), ("a//b/", "a", "b"),
            ("/", "/", ""),
            ("..", ".", ".."), ("a/..", "a", ".."),
        ]
        for (path, parent, name) in expected {
            #expect(Folder.parent(of: path) == parent, "\(path)")
            #expect(Folder.name(of: path) == name, "\(path)")
        }
    }
}
