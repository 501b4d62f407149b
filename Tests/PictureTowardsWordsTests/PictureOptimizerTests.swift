import CLIP
import Imaging
import TestSupport
import Testing
import Torch

@testable import PictureTowardsWords

@Suite struct PictureOptimizerTests {
    /// A small, quick picture: twenty steps, four views.
    private func optimizer(seed: UInt64 = 1, size: Int = 40) throws -> PictureOptimizer {
        let clip = try ModelCatalog.description(of: ModelCatalog.bundledName).loaded()
        let guidance = try PictureGuidance(clip, texts: [GuidingText("a red apple")])
        var settings = PictureOptimizer.Settings()
        (settings.steps, settings.size, settings.seed, settings.views.count) = (20, size, seed, 4)
        return try PictureOptimizer(guidance, settings: settings)
    }

    @Test func theScoreRises() throws {
        let optimizer = try optimizer()
        let before = try optimizer.scores()
        for _ in 0..<20 { _ = try optimizer.step() }
        let after = try optimizer.scores()
        #expect(after.whole > before.whole + 0.2, "from \(before) to \(after)")
        #expect(after.mirrored > before.mirrored + 0.2, "from \(before) to \(after)")
        for (end, start) in zip(after.turned, before.turned) { #expect(end > start + 0.2) }
        // Red apples are red.
        let means = try optimizer.pixels().reshaped([3, -1]).mean(along: 1).elements(Float.self)
        #expect(means[0] > means[1] && means[0] > means[2], "\(means)")
    }

    @Test func aSeedGivesOnePicture() throws {
        func picture(_ seed: UInt64) throws -> Picture {
            let optimizer = try optimizer(seed: seed)
            for _ in 0..<3 { _ = try optimizer.step() }
            return try optimizer.rendered()
        }
        let first = try picture(1)
        #expect(try first == picture(1))
        #expect(try first != picture(2))
    }

    @Test(arguments: [16, 33, 100]) func picturesHaveTheSizeAskedForAndStartWhite(_ size: Int) throws {
        let optimizer = try optimizer(size: size)
        let picture = try optimizer.rendered()
        #expect(picture.width == size && picture.height == size)
        #expect(picture.pixels.allSatisfy { $0 > 180 })
        let bytes = try Tensor(picture.pixels, shape: [1, size, size, 3]).permuted([0, 3, 1, 2]).converted(to: .float32)
        try expectClose(bytes / 255, optimizer.pixels(), tolerance: 0.6 / 255)
    }

    @Test func theCommandRefusesWhatItCannotDo() throws {
        for wrong in [
            ["a", "--steps", "0"], ["a", "--size", "8"], ["a", "--output", "/nowhere/a.png"], ["a", "--threads", "0"],
            [],
        ] {
            #expect(throws: (any Error).self) { try PictureCommand.parse(wrong) }
        }
        let command = try PictureCommand.parse(["a cat", "--seed", "7", "--without", "a dog"])
        #expect(command.seed == 7 && command.without == ["a dog"] && command.sentence == "a cat")
    }

    @Test func theCommandWritesAPicture() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/apple.png"
            // The thread count is the whole process's: other tests run beside this one.
            let threads = String(Engine.threadCount)
            let options = ["--steps", "1", "--size", "24", "--threads", threads, "--output", path]
            try PictureCommand.parse(["a red apple"] + options).run()
            let picture = try Picture.read(path: path)
            #expect(picture.width == 24 && picture.height == 24)
        }
    }
}
