import CLIPText
import Files
import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIP

/// Pointers of Git LFS in place of a model's files: whoever reads says so.
@Suite struct PointerFileTests {
    private static let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 77\n"

    private func replaced(_ fixture: String, _ name: String, body: (FamilyCopy) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy(fixture, in: folder)
            try Data(Self.pointer.utf8).write(to: URL(fileURLWithPath: model.file(name)))
            try body(model)
        }
    }

    private func isPointer(_ error: (any Error)?) -> Bool {
        error.flatMap { FileFault(in: $0)?.cause } == .pointer(.gitLFS, bytes: 77)
    }

    @Test(arguments: [
        ("hf-clip", "model.safetensors"), ("hf-clip-sharded", "model.safetensors.index.json"),
        ("hf-clip-sharded", "model-00001-of-00003.safetensors"), ("open_clip-bin", "open_clip_pytorch_model.bin"),
        ("hf-clip", "config.json"), ("open_clip-bin", "open_clip_config.json"), ("hf-clip", "preprocessor_config.json"),
    ]) func weightsAndConfigurations(_ fixture: String, _ name: String) throws {
        try replaced(fixture, name) { model in
            let error = #expect(throws: (any Error).self) { try model.description().loaded() }
            #expect(isPointer(error), "\(String(describing: error))")
        }
    }

    /// Pictures are read without the tokenizer, texts are not.
    @Test(arguments: [
        ("hf-clip", "tokenizer.json"), ("hf-clip", "tokenizer_config.json"), ("hf-siglip", "spiece.model"),
        ("hf-siglip2", "tokenizer.json"), ("hf-chinese-clip", "vocab.txt"),
    ]) func tokenizers(_ fixture: String, _ name: String) throws {
        try replaced(fixture, name) { model in
            let error = #expect(throws: CLIPTextError.self) { try model.description().tokenizer() }
            #expect(isPointer(error), "\(String(describing: error))")
        }
    }

    @Test func pictures() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/cat.jpg"
            try Data(Self.pointer.utf8).write(to: URL(fileURLWithPath: path))
            #expect(isPointer(#expect(throws: ImagingError.self) { try Picture.read(path: path) }))
        }
        let looks = "a Git LFS pointer, the picture not fetched"
        #expect(throws: ImagingError.unknownFormat(name: "cat.jpg", looksLike: looks)) {
            try Picture.decode(Array(Self.pointer.utf8), name: "cat.jpg")
        }
    }
}
