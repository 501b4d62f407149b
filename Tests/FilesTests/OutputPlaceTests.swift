import Files
import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What an output path may be, for files.
@Suite struct OutputPlaceTests {
    @Test func aLinkStaysAndTheFileItLeadsToIsReplaced() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("real"), withIntermediateDirectories: false)
        try scratch.file("real/target", "old")
        try scratch.link("link", to: "real/target")
        try WholeFile.write("new", to: scratch.path("link"))
        #expect(scratch.destination("link") == "real/target")
        #expect(try scratch.text("real/target") == "new")
        #expect(try scratch.names() == ["link", "real"])
        #expect(try scratch.names("real") == ["target"])
    }

    @Test func linksToLinksAreFollowedAsTheSystemDoes() throws {
        let scratch = try Scratch()
        for name in ["a", "a/b", "c"] {
            try FileManager.default.createDirectory(atPath: scratch.path(name), withIntermediateDirectories: false)
        }
        // "elsewhere/.." is a, and not the folder that holds the link.
        try scratch.link("elsewhere", to: "a/b")
        try scratch.file("a/file", "old")
        try scratch.link("c/second", to: "../elsewhere/../file")
        try scratch.link("first", to: scratch.path("c/second"))
        try WholeFile.write("new", to: scratch.path("first"))
        #expect(try scratch.text("a/file") == "new")
        #expect(try scratch.names("a") == ["b", "file"])
        #expect(scratch.destination("c/second") == "../elsewhere/../file")
    }

    @Test func whatADanglingLinkLeadsToIsMade() throws {
        let scratch = try Scratch()
        try scratch.link("link", to: "target")
        try WholeFile.write("new", to: scratch.path("link"))
        #expect(scratch.destination("link") == "target")
        #expect(try scratch.text("target") == "new")

        try scratch.link("lost", to: "none/target")
        let found = fault { try WholeFile.write("new", to: scratch.path("lost")) }
        #expect(found == FileFault(scratch.path("none"), .creating, .system(ENOENT)))
    }

    @Test func linksInACircleAreAnError() throws {
        let scratch = try Scratch()
        try scratch.link("a", to: "b")
        try scratch.link("b", to: "a")
        #expect(fault { try WholeFile.write("new", to: scratch.path("a")) }?.code == ELOOP)
        #expect(fault { try WholeDirectory.write(scratch.path("a")) { _ in } }?.code == ELOOP)
        #expect(try scratch.names() == ["a", "b"])
    }

    @Test func aPipeIsWrittenIntoAndStaysOne() throws {
        let scratch = try Scratch()
        try #require(mkfifo(scratch.path("pipe"), 0o600) == 0)
        try scratch.link("link", to: "pipe")
        for name in ["pipe", "link"] {
            let reader = PipeReader(scratch.path(name))
            try WholeFile.write("through \(name)", to: scratch.path(name))
            #expect(reader.text() == "through \(name)")
        }
        var status = stat()
        #expect(lstat(scratch.path("pipe"), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        #expect(scratch.destination("link") == "pipe")
        #expect(try scratch.names() == ["link", "pipe"])
    }

    @Test func aDeviceIsWrittenIntoAndStaysOne() throws {
        let scratch = try Scratch()
        try scratch.link("link", to: "/dev/null")
        for path in ["/dev/null", scratch.path("link")] {
            #expect(try OutputPlace.file(path).isStream)
            try WholeFile.write("gone", to: path)
        }
        var status = stat()
        #expect(lstat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        #expect(scratch.destination("link") == "/dev/null")
    }

    #if os(Linux)
    @Test func aFullDeviceIsToldAsFull() throws {
        let found = fault { try WholeFile.write("x", to: "/dev/full") }
        #expect(found == FileFault("/dev/full", .writing, .system(ENOSPC)))
        #expect(found?.isFull == true)
        #expect(found?.description == "/dev/full: cannot be written: the disk is full")
        var status = stat()
        #expect(lstat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }
    #endif

    @Test func anOpenFileOfTheProcessIsWrittenWhereItStands() throws {
        let scratch = try Scratch()
        let file = try AppendedFile(scratch.path("file"))
        try file.append(Data("first ".utf8))
        let descriptor = open(scratch.path("file"), O_WRONLY | O_APPEND)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try WholeFile.write("second", to: "/dev/fd/\(descriptor)")
        #expect(try scratch.text("file") == "first second")
        #expect(fault { try WholeFile.write("x", to: "/dev/fd/9999") }?.code == EBADF)
    }

    @Test func foldersAndNamesThatNoFileCanHaveAreRefused() throws {
        let scratch = try Scratch()
        try scratch.link("link", to: ".")
        for path in [scratch.folder, scratch.folder + "/", scratch.path("link"), scratch.path("none/"), "/", ".", ".."]
        {
            #expect(fault { try WholeFile.write("x", to: path) }?.cause == .folder, "\(path)")
        }
        for path in ["", "a\0b"] {
            #expect(fault { try WholeFile.write("x", to: path) }?.cause == .badName)
            #expect(fault { try WholeDirectory.write(path) { _ in } }?.cause == .badName)
        }
        let file = try scratch.file("file")
        #expect(fault { try WholeFile.write("x", to: file + "/below") }?.isMissing == true)
        #expect(try scratch.names() == ["file", "link"])
    }
}

/// What an output path may be, for directories.
@Suite struct OutputDirectoryTests {
    private func write(_ path: String, _ text: String) throws {
        try WholeDirectory.write(path) { try Data(text.utf8).write(to: URL(fileURLWithPath: $0 + "/file")) }
    }

    @Test func aLinkStaysAndTheDirectoryItLeadsToIsReplaced() throws {
        let scratch = try Scratch()
        try write(scratch.path("big"), "old")
        try scratch.link("model", to: "big")
        for path in [scratch.path("model"), scratch.path("model/")] {
            try write(path, "new through \(path)")
            #expect(scratch.destination("model") == "big")
            #expect(try scratch.text("big/file") == "new through \(path)")
            #expect(try scratch.names() == ["big", "model"])
        }
    }

    @Test func whatADanglingLinkLeadsToIsMade() throws {
        let scratch = try Scratch()
        try scratch.link("model", to: "other/place")
        try write(scratch.path("model"), "new")
        #expect(scratch.destination("model") == "other/place")
        #expect(try scratch.text("other/place/file") == "new")
    }

    @Test func filesPipesAndDevicesAreRefused() throws {
        let scratch = try Scratch()
        try scratch.file("file")
        try #require(mkfifo(scratch.path("pipe"), 0o600) == 0)
        try scratch.link("link", to: "file")
        for path in [scratch.path("file"), scratch.path("pipe"), scratch.path("link"), "/dev/null"] {
            let found = fault { try write(path, "new") }
            #expect(found?.cause == .notAFolder, "\(path)")
            #expect(found?.isOfWrongKind == true)
        }
        #expect(try scratch.text("file") == "old")
        #expect(try scratch.names() == ["file", "link", "pipe"])
    }
}
