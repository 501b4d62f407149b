import Foundation
import TestSupport
import Testing

/// Outputs that are not plain new files: links, pipes, devices, folders.
@Suite struct OutputTests {
    /// The commands that write a file, each without its `--output`.
    private func commands(_ folder: String) throws -> [[String]] {
        let log = folder + "/metrics.jsonl"
        try Data(#"{"step":0,"epoch":0,"loss":1.5}"#.utf8).write(to: URL(fileURLWithPath: log))
        return [
            ["embed", "--text", "a dog"] + Fixture.options, ["preprocess", Fixture.photo] + Fixture.options,
            ["page", Fixture.photo, "--labels", "cat,dog"] + Fixture.options, ["report", log],
        ]
    }

    private func kind(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// Whether a command wrote the same twice. A report says when it was drawn.
    private func isSame(_ left: Data, _ right: Data, _ command: String) -> Bool {
        guard command == "report" else { return left == right }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return left.filter { !digits.contains($0) } == right.filter { !digits.contains($0) }
    }

    /// What each command writes into a plain file, and into one that a link leads to.
    @Test func aLinkIsFollowedAndStays() throws {
        try withTemporaryDirectory { folder in
            for (index, command) in try commands(folder).enumerated() {
                let place = folder + "/\(index)"
                try FileManager.default.createDirectory(atPath: place + "/real", withIntermediateDirectories: true)
                try Data("old".utf8).write(to: URL(fileURLWithPath: place + "/real/old"))
                for target in ["old", "new"] {
                    let link = place + "/\(target).link"
                    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real/" + target)
                    try clip(command + ["--output", link]).succeeded()
                    #expect(kind(link) == S_IFLNK, "\(command[0])")
                    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real/" + target)
                    #expect(try bytes(place + "/real/" + target) != Data("old".utf8), "\(command[0])")
                }
                try clip(command + ["--output", place + "/plain"]).succeeded()
                for target in ["old", "new"] {
                    let same = try isSame(bytes(place + "/real/" + target), bytes(place + "/plain"), command[0])
                    #expect(same, "\(command[0]) \(target)")
                }
                // What says which model made the vectors is beside them, and found through the link too.
                let more = command[0] == "embed" ? [".json"] : []
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: place + "/real").sorted()
                        == ["new", "old"].flatMap { name in [name] + more.map { name + $0 } }.sorted())
                if command[0] == "embed" {
                    try clip("compare", place + "/old.link", place + "/plain").succeeded()
                    try clip("compare", place + "/real/new", place + "/new.link").succeeded()
                }
            }
        }
    }

    @Test func aPipeIsWrittenInto() throws {
        try withTemporaryDirectory { folder in
            for (index, command) in try commands(folder).enumerated() {
                let place = folder + "/\(index)"
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                let pipe = place + "/pipe"
                try #require(mkfifo(pipe, 0o600) == 0)
                let reader = try PipeReader(pipe)
                try clip(command + ["--output", pipe]).succeeded()
                let found = reader.finish()
                #expect(kind(pipe) == S_IFIFO, "\(command[0])")
                #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["pipe"], "\(command[0])")
                try clip(command + ["--output", place + "/plain"]).succeeded()
                let same = try isSame(found, bytes(place + "/plain"), command[0])
                #expect(same, "\(command[0])")
            }
        }
    }

    @Test func aDeviceIsWrittenIntoAndStaysOne() throws {
        try withTemporaryDirectory { folder in
            for command in try commands(folder) {
                try clip(command + ["--output", "/dev/null"]).succeeded()
                #expect(kind("/dev/null") == S_IFCHR)
                #expect(kind("/dev/null.json") == nil)
                #if os(Linux)
                // A program that fails before it answers says so; "report" and "page" answer when the file is written.
                try clip(command + ["--output", "/dev/full"]).failed(70, "/dev/full", "the disk is full")
                #expect(kind("/dev/full") == S_IFCHR)
                #endif
            }
        }
    }

    /// As root, a node of one's own can be tried, which renaming would have replaced.
    @Test func aNodeOfOnesOwnStaysADevice() throws {
        try withTemporaryDirectory { folder in
            let node = folder + "/null"
            #if os(Linux)
            guard mknod(node, S_IFCHR | 0o666, 1 << 8 | 3) == 0,
                (try? Data(contentsOf: URL(fileURLWithPath: node))) != nil
            else { return }
            for command in try commands(folder) {
                try clip(command + ["--output", node]).succeeded()
                #expect(kind(node) == S_IFCHR, "\(command[0])")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["metrics.jsonl", "null"])
            #endif
        }
    }

    @Test func standardOutputTakesTheFile() throws {
        try withTemporaryDirectory { folder in
            let command = ["embed", "--text", "a dog"] + Fixture.options
            try clip(command + ["--output", folder + "/plain"]).succeeded()
            let found = try clip(command + ["--output", "/dev/stdout"]).succeeded().output
            #expect(try found == bytes(folder + "/plain"))
        }
    }

    @Test func foldersAndCirclesAreRefused() throws {
        try withTemporaryDirectory { folder in
            try FileManager.default.createDirectory(atPath: folder + "/kept", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "kept")
            try FileManager.default.createSymbolicLink(atPath: folder + "/circle", withDestinationPath: "circle")
            for command in try commands(folder) {
                for name in ["kept", "kept/", "link"] {
                    try clip(command + ["--output", folder + "/" + name]).failed(
                        70, "a folder of this name is in the way")
                }
                try clip(command + ["--output", folder + "/circle"]).failed(70, "circle")
                try clip(command + ["--output", folder + "/none/file"]).failed(70, "there is no folder")
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "circle", "kept", "link", "metrics.jsonl",
                ])
        }
    }

    @Test func whatFindsNoRoomLeavesWhatWasThere() throws {
        try withTemporaryDirectory { folder in
            let file = folder + "/vectors.npy"
            try clip(["embed", "--text", "a dog", "--output", file] + Fixture.options).succeeded()
            let before = try [file, file + ".json"].map(bytes)
            // The vectors fit into a kibibyte, and what describes them does not; then neither does.
            for count in [12, 60] {
                let texts = (0..<count).flatMap { ["--text", "\($0) " + String(repeating: "very ", count: 30)] }
                try clip(
                    ["embed", "--output", file] + texts + Fixture.options,
                    launcher: ["/bin/bash", "-c", "ulimit -f 1 && exec \"$0\" \"$@\""]
                ).failed(70, "vectors.npy", "larger than the limit")
                #expect(try [file, file + ".json"].map(bytes) == before)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
            }
        }
    }

    @Test func aModelsDirectoryIsReplacedWhereALinkLeads() throws {
        try withTemporaryDirectory { folder in
            let family = Fixture.family("hf-clip")
            let convert = ["convert", "--model", family, "--to", "open_clip", "--threads", "1"]
            let average = ["average", "--model", Fixture.model, "--with", Fixture.model, "--threads", "1"]
            for (name, command) in [("convert", convert), ("average", average)] {
                let place = folder + "/" + name
                try FileManager.default.createDirectory(atPath: place + "/big", withIntermediateDirectories: true)
                try Data("{}".utf8).write(to: URL(fileURLWithPath: place + "/big/config.json"))
                try FileManager.default.createSymbolicLink(atPath: place + "/model", withDestinationPath: "big")
                try clip(command + ["--output", place + "/model"]).failed(70, "something is there already")
                try clip(command + ["--output", place + "/model", "--overwrite"]).succeeded()
                #expect(kind(place + "/model") == S_IFLNK)
                let files = try FileManager.default.contentsOfDirectory(atPath: place + "/big")
                #expect(files.contains("open_clip_config.json") && !files.contains("config.json"))
                #expect(try FileManager.default.contentsOfDirectory(atPath: place).sorted() == ["big", "model"])

                try FileManager.default.createSymbolicLink(atPath: place + "/later", withDestinationPath: "made/there")
                try clip(command + ["--output", place + "/later"]).succeeded()
                #expect(kind(place + "/later") == S_IFLNK)
                #expect(kind(place + "/made/there/open_clip_model.safetensors") == S_IFREG)

                try #require(mkfifo(place + "/pipe", 0o600) == 0)
                for other in [place + "/pipe", "/dev/null"] {
                    try clip(command + ["--output", other, "--overwrite"]).failed(70, "no model")
                }
                #expect(kind(place + "/pipe") == S_IFIFO && kind("/dev/null") == S_IFCHR)
            }
        }
    }

    @Test func aRunGoesWhereALinkLeads() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            try FileManager.default.createSymbolicLink(atPath: folder + "/run", withDestinationPath: "disk/run")
            try clip(ShapePairs.train(folder) + ["--epochs", "1", "--output", folder + "/run"]).succeeded()
            #expect(kind(folder + "/run") == S_IFLNK)
            #expect(kind(folder + "/disk/run/final/open_clip_model.safetensors") == S_IFREG)
            try RunFixture.expectNoLeftovers(folder + "/disk/run")
        }
    }
}

/// What comes through a pipe until whoever asks for it is done with writing.
private final class PipeReader: @unchecked Sendable {
    // Unchecked: the lock guards what changes.
    private let descriptor: Int32
    private let lock = NSLock()
    private let ended = DispatchSemaphore(value: 0)
    private var bytes = Data()
    private var isDone = false

    /// Opens the pipe without waiting for a writer, so that one that never comes stops no test.
    init(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_NONBLOCK)
        try #require(descriptor >= 0)
        Thread.detachNewThread { self.read() }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // Asked before reading: what was written by then is read.
            let isLast = lock.withLock { isDone }
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if isLast {
                break
            } else {
                usleep(2000)
            }
        }
        close(descriptor)
        ended.signal()
    }

    /// All that came, once the writer is gone.
    func finish() -> Data {
        lock.withLock { isDone = true }
        ended.wait()
        return bytes
    }
}
