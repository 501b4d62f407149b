import CLIPText
import Foundation

/// A checkpoint's tokenizer file under its family: the first byte of the input chooses, the rest is the file.
private let kinds: [(family: TokenizerFamily, file: String)] = [
    (.clip, "tokenizer.json"), (.sigLIP, "spiece.model"), (.sigLIP, "tokenizer.json"), (.sigLIP2, "tokenizer.json"),
    (.sigLIP2, "tokenizer.model"), (.chineseCLIP, "vocab.txt"), (.chineseCLIP, "tokenizer.json"),
]

/// One folder for each kind, so that no other file is found first.
private let folders: [URL] = kinds.indices.map { index in
    #if os(Linux)
    let root = "/dev/shm"
    #else
    let root = NSTemporaryDirectory()
    #endif
    let folder = URL(fileURLWithPath: "\(root)/fuzz-tokenizer-\(ProcessInfo.processInfo.processIdentifier)-\(index)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

/// libFuzzer calls it with ever new bytes. Errors are right answers; crashes, and ids outside the vocabulary, are not.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let kind = Int(start[0]) % kinds.count
    let bytes = Data(bytes: start + 1, count: count - 1)
    do {
        try bytes.write(to: folders[kind].appendingPathComponent(kinds[kind].file))
        let tokenizer = try TokenizerFiles.tokenizer(
            directory: folders[kind], family: kinds[kind].family, contextLength: 16)
        for text in ["a cat, 2 dogs", "皮卡丘 iPhone14", "", "ﬁ\u{301}\u{0}\u{FFFD}🙂 <|endoftext|> [CLS]"] {
            let result = tokenizer.tokenize(text)
            precondition(result.tokens.count <= tokenizer.contextLength)
            precondition(result.tokens.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
        }
    } catch {
        _ = "\(error)"
    }
    return 0
}
