import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIPEvaluation

/// Clips, which ffmpeg decodes: here a script that stands for it.
@Suite struct SetVideoTests {
    private typealias Fixtures = SetFixtures

    private static let frames = #"printf 'P6\n2 1\n255\n\001\002\003\004\005\006P6\n1 1\n255\n\012\013\014'"#

    /// Programs that do as they are told; ffmpeg writes beside itself how it was called.
    private func writePrograms(
        _ folder: String, probe: String? = "echo 2.5", decoder: String = frames
    ) throws -> String {
        var programs = ["ffmpeg": "printf '%s\\n' \"$@\" > \"$0.arguments\"\n\(decoder)"]
        programs["ffprobe"] = probe
        let standIn = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/stand-in"
        for (name, text) in programs {
            try Fixtures.write(text, to: "\(folder)/\(name).sh")
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/\(name)", withDestinationPath: standIn)
        }
        return "\(folder)/ffmpeg"
    }

    @Test func framesComeFromFFmpeg() throws {
        try withTemporaryDirectory { folder in
            let program = try writePrograms(folder)
            let pictures = try FrameReader(program: program).frames(of: "\(folder)/a clip.mp4", count: 5)
            #expect(pictures.map(\.width) == [2, 1] && pictures.map(\.height) == [1, 1])
            #expect(pictures.map(\.pixels) == [[1, 2, 3, 4, 5, 6], [10, 11, 12]])
            let called = try String(contentsOfFile: "\(program).arguments", encoding: .utf8).split(separator: "\n")
            #expect(called.contains("file:\(folder)/a clip.mp4") && called.contains { $0.hasPrefix("fps=5/2.5:") })
            // Films of 10 bits would come with two bytes a value otherwise.
            #expect(called.contains("rgb24") && called.contains("-protocol_whitelist"))
        }
    }

    @Test func clipsThatCannotBeDecodedAreRefused() throws {
        try withTemporaryDirectory { folder in
            let clip = "\(folder)/clip.mp4"
            func reason(_ name: String, probe: String = "echo 2.5", decoder: String = Self.frames) throws -> String {
                let program = try writePrograms("\(folder)/\(name)", probe: probe, decoder: decoder)
                return damage(of: clip) { try FrameReader(program: program).frames(of: clip, count: 2) }
            }
            #expect(try reason("length", probe: "echo N/A") == "ffprobe tells no duration")
            #expect(try reason("zero", probe: "echo 0.0") == "ffprobe tells no duration")
            #expect(try reason("probe", probe: "exit 1") == "ffmpeg cannot decode it")
            #expect(try reason("exit", decoder: "\(Self.frames)\nexit 1") == "ffmpeg cannot decode it")
            #expect(try reason("killed", decoder: "kill -9 $$") == "ffmpeg cannot decode it")
            #expect(try reason("silent", decoder: "true") == "ffmpeg found no frame in it")
            #expect(try reason("cut", decoder: #"printf 'P6\n2 1\n255\n\001'"#) == "what ffmpeg gave is cut off")
            let program = try writePrograms("\(folder)/alone", probe: nil)
            #expect(throws: EvaluationError.missingProgram("\(folder)/alone/ffprobe")) {
                try FrameReader(program: program).frames(of: clip, count: 2)
            }
        }
    }

    @Test func pixmapsFollowEachOther() throws {
        let first = Array("P6\n1 2\n255\n".utf8) + [1, 2, 3, 4, 5, 6]
        let second = Array("P6 2 1 255 ".utf8) + [10, 32, 0, 255, 254, 253]
        let pictures = try FrameReader.pictures(in: Data(first + second), name: "clip")
        #expect(pictures.map(\.width) == [1, 2] && pictures.map(\.height) == [2, 1])
        #expect(pictures.map(\.pixels) == [[1, 2, 3, 4, 5, 6], [10, 32, 0, 255, 254, 253]])
        #expect(try FrameReader.pictures(in: Data(), name: "clip").isEmpty)
        for bytes in [
            first + second.dropLast(), first + Array("P6 2".utf8), Array("P5 1 1 255 ".utf8) + [1],
            Array("P6 1 1 15 ".utf8) + [1, 2, 3], Array("P6 0 1 255 ".utf8), Array("P6 -1 -1 255 abc".utf8),
            Array("P6 99999999999 99999999999 255 ".utf8), Array("P6 16384 16384 255 ".utf8), [0, 0, 0],
            Array("P6  1 1 255 abc".utf8),
        ] {
            let reason = damage(of: "clip") { try FrameReader.pictures(in: Data(bytes), name: "clip") }
            #expect(reason.hasPrefix("what ffmpeg gave is"))
        }
    }

    @Test func foldersOfClipsAreClasses() throws {
        try withTemporaryDirectory { folder in
            let programs = URL(fileURLWithPath: try writePrograms("\(folder)/bin")).deletingLastPathComponent().path
            for name in ["swim/b.avi", "swim/a.MP4", "run/c.webm", "run/notes.txt", "run/.d.mp4"] {
                try Fixtures.write("", to: "\(folder)/clips/\(name)")
            }
            let clips = try #require(
                try VideoClips(folder: "\(folder)/clips", frames: 2, searchPath: "/nonexistent:\(programs)"))
            #expect(clips.classNames == ["run", "swim"])
            #expect(clips.files == ["run/c.webm", "swim/a.MP4", "swim/b.avi"].map { "\(folder)/clips/\($0)" })
            var samples: [EvaluationSample] = []
            try clips.read { samples.append($0) }
            #expect(samples.map(\.key) == clips.files && samples.map(\.classes) == [[0], [1], [1]])
            #expect(try samples[0].pictures().map(\.width) == [2, 1])
            let named = try VideoClips(
                folder: "\(folder)/clips", classNames: ["jump", "run", "swim"], frames: 2, searchPath: programs)
            #expect(named?.classNames == ["jump", "run", "swim"] && named?.files == clips.files)
            for path in [nil, "", "/nonexistent"] {
                #expect(throws: EvaluationError.missingProgram("ffmpeg")) {
                    try VideoClips(folder: "\(folder)/clips", frames: 2, searchPath: path)
                }
            }
            #expect(try VideoClips(folder: "\(folder)/bin", frames: 2) == nil)
        }
    }

    @Test func aSetOfClipsNeedsFFmpeg() throws {
        try withTemporaryDirectory { folder in
            for name in ["train/run/1.mp4", "test/swim/1.mp4"] { try Fixtures.write("", to: "\(folder)/\(name)") }
            let paths = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
            if paths.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg") }) {
                let set = try EvaluationSet(folder)
                #expect(set.classNames == ["run", "swim"])
                #expect(damage(of: "\(folder)/test/swim/1.mp4") { try set.samples() } == "ffmpeg cannot decode it")
            } else {
                #expect(throws: EvaluationError.missingProgram("ffmpeg")) { try EvaluationSet(folder) }
            }
        }
    }
}
