import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIPCommandLine

/// How pictures are read, as the command's options say.
@Suite struct PictureOptionTests {
    private func pixels(_ path: String, _ arguments: [String], in folder: String) throws -> Data {
        let output = folder + "/\(UUID().uuidString).npy"
        let outcome = try clip(["preprocess", path, "--output", output] + arguments + Fixture.options)
        #expect(outcome.status == 0, "\(outcome.complaints)")
        return try Data(contentsOf: URL(fileURLWithPath: output))
    }

    @Test func eachOrderOfTransparencyIsItsOwn() throws {
        try withTemporaryDirectory { folder in
            let picture = Fixture.transparent("rgba-wide.png")
            func vectors(_ alpha: [String]) throws -> Data { try pixels(picture, alpha, in: folder) }
            let white = try vectors([])
            #expect(try vectors(["--alpha", "white"]) == white && vectors(["--alpha", "huggingface"]) == white)
            let resized = try vectors(["--alpha", "open_clip"])
            let dropped = try vectors(["--alpha", "pillow"])
            #expect(Set([white, resized, dropped]).count == 3)
            try clip(["preprocess", picture, "--output", folder + "/x.npy", "--alpha", "black"] + Fixture.options)
                .failed(64, "--alpha")
        }
    }

    /// The page's way to a model's numbers is that of every other command.
    @Test func aPageTakesTheOrderToo() throws {
        try withTemporaryDirectory { folder in
            for alpha in ["white", "open_clip"] {
                let page = ["page", Fixture.transparent("palette-wide.png"), "--labels", "a,b", "--alpha", alpha]
                let outcome = try clip(page + ["--output", folder + "/\(alpha).html"] + Fixture.options)
                #expect(outcome.status == 0, "\(outcome.complaints)")
            }
        }
    }

    @Test func memoryIsBoundedAsTold() throws {
        try withTemporaryDirectory { folder in
            let picture = try Fixture.writePicture(width: 1000, height: 1000, to: folder + "/large.png")
            let output = ["--output", folder + "/large.npy"] + Fixture.options
            for size in ["2999999", "2MB"] {
                try clip(["preprocess", picture, "--max-picture-memory", size] + output)
                    .failed(65, picture, "1000 x 1000", "--max-picture-memory")
            }
            for size in ["3000000", "3mb", "1GB"] {
                #expect(try clip(["preprocess", picture, "--max-picture-memory", size] + output).status == 0)
            }
            for size in ["0", "-1", "some", "MB", "99999999999GB"] {
                try clip(["preprocess", picture, "--max-picture-memory=\(size)"] + output)
                    .failed(64, "--max-picture-memory")
            }
        }
    }

    @Test(arguments: [("1", 1), ("5MB", 5_000_000), ("2GB", 2_000_000_000), ("2gb", 2_000_000_000)])
    func sizesOfMemory(_ text: String, _ bytes: Int) {
        #expect(MemorySize(argument: text)?.bytes == bytes)
        #expect(MemorySize(bytes: DecodeOptions.defaultMemoryLimit).description == "2GB")
    }
}
