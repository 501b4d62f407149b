import Foundation
import LoopbackServer
import TestSupport
import Testing

/// The programs under Examples/, run as people run them.
@Suite struct ExamplesTests {
    private final class BundleMarker {}

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static let bundledModel = root + "/Sources/CLIP/Resources/Models/pictures"
    private static let pictures = root + "/Tests/CLIPTests/Fixtures/pictures"

    /// Runs a program that was built with these tests.
    private func run(_ name: String, _ arguments: String..., environment: [String: String] = [:]) throws -> (
        status: Int32, output: String, errors: String
    ) {
        #if os(macOS)
        let folder = Bundle(for: BundleMarker.self).bundleURL.deletingLastPathComponent()
        #else
        let folder = Bundle.main.bundleURL
        #endif
        let process = Process()
        process.executableURL = folder.appendingPathComponent(name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        // Little is written: neither pipe fills up while the other is read.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, complaints)
    }

    /// A folder of two pictures and a file that is none.
    private func withPictures(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            for name in ["photo.jpg", "wide.png"] {
                try FileManager.default.copyItem(atPath: Self.pictures + "/" + name, toPath: folder + "/" + name)
            }
            try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder + "/notes.txt"))
            try body(folder)
        }
    }

    /// The first time everything comes from a hub, the second time nothing.
    @Test func aFirstLookDownloadsAModelAndAnswers() throws {
        var hub = FakeHub(files: [:])
        hub.id = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.bundledModel) {
            let data = try Data(contentsOf: URL(fileURLWithPath: Self.bundledModel + "/" + name))
            hub.files[name] = Array(data)
        }
        try withTemporaryDirectory { folder in
            let server = try TestServer { [hub] asked, _ in hub.reply(to: asked) }
            defer { server.stop() }
            let environment = [
                "HF_ENDPOINT": try server.url().absoluteString, "HF_HUB_CACHE": folder + "/hub", "HOME": folder,
                "HF_HUB_OFFLINE": "0",
            ]
            func look() throws -> String {
                let found = try run(
                    "FirstLook", Self.pictures + "/photo.jpg", "a photograph", "a drawing", environment: environment)
                #expect(found.status == 0, "\(found.errors)")
                return found.output
            }
            let first = try look()
            let parts = first.split(separator: " ")
            #expect(first.hasPrefix("a photograph ") || first.hasPrefix("a drawing "), "\(first)")
            let score = try #require(parts.last.flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
            #expect((0.5...1).contains(score))
            let asked = server.asked.count
            #expect(asked > 0)
            #expect(try look() == first)
            #expect(server.asked.count == asked)
        }
    }

    @Test func aFolderIsSortedByLabels() throws {
        try withPictures { folder in
            let found = try run("ClassifyFolder", folder, "a bird", "a flag")
            #expect(found.status == 0, "\(found.errors)")
            let lines = found.output.split(separator: "\n").map(String.init)
            try #require(lines.count >= 3, "\(found.output)")
            #expect(lines[0].hasPrefix("photo.jpg: a ") && lines[1].hasPrefix("wide.png: a "))
            let counts = lines.dropFirst(2).compactMap { Int($0.prefix { $0 != " " }) }
            #expect(counts.reduce(0, +) == 2)
        }
    }

    /// The second search reads the vectors that the first one kept.
    @Test func aFolderIsSearchedByWords() throws {
        try withPictures { folder in
            let first = try run("EmbedAndSearch", folder, "a bird")
            #expect(first.status == 0, "\(first.errors)")
            let lines = first.output.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(Set(lines.compactMap { $0.split(separator: "/").last }) == ["photo.jpg", "wide.png"])
            try FileManager.default.removeItem(atPath: folder + "/photo.jpg")
            let second = try run("EmbedAndSearch", folder, "a bird")
            #expect(second.output == first.output, "\(second.errors)")
        }
    }

    /// The tuned model is one that the other examples could load: its captions are nearer than before.
    @Test func aModelIsFineTunedOnAFolder() throws {
        try withTemporaryDirectory { folder in
            let demo = Self.root + "/Demo"
            for name in ["cat.jpg", "hen.jpg", "orca.jpg", "bicycle.png"] {
                let copy = folder + "/pairs/" + name
                try FileManager.default.createDirectory(atPath: folder + "/pairs", withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: demo + "/pictures/" + name, toPath: copy)
                let caption = "a drawing of a \(name.prefix { $0 != "." })"
                try Data(caption.utf8).write(
                    to: URL(fileURLWithPath: copy).deletingPathExtension().appendingPathExtension("txt"))
            }
            let found = try run("FineTune", folder + "/pairs", folder + "/run")
            #expect(found.status == 0, "\(found.errors)")
            let losses = found.output.split(separator: "\n").compactMap { line in
                line.hasPrefix("step ") ? line.split(separator: " ").last.flatMap { Double($0) } : nil
            }
            #expect(losses.count == 5 && losses[4] < losses[0], "\(found.output)")
            #expect(FileManager.default.fileExists(atPath: folder + "/run/final/open_clip_model.safetensors"))
        }
    }

    @Test(arguments: ["FirstLook", "ClassifyFolder", "EmbedAndSearch", "FineTune"])
    func wrongUseIsToldOf(_ name: String) throws {
        let found = try run(name)
        #expect(found.status == 64 && found.output.hasPrefix("usage: \(name) "), "\(found.errors)")
    }
}
