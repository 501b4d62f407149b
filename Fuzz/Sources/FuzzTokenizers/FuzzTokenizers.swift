import CLIPText

/// Whatever turns text into tokens: a new tokenizer is one more line here.
private func makeTokenizers() throws -> [any TextTokenizer] {
    [try CLIPTokenizer()]
}

private let tokenizers: [any TextTokenizer] = {
    do {
        return try makeTokenizers()
    } catch {
        preconditionFailure("\(error)")
    }
}()

/// libFuzzer calls it with ever new bytes; what is not UTF-8 becomes U+FFFD, as in files that are read as text.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    for tokenizer in tokenizers {
        let result = tokenizer.tokenize(text)
        precondition(result.tokens.count <= tokenizer.contextLength)
        precondition(result.wasTruncated == (result.originalCount > tokenizer.contextLength))
        precondition(result.tokens.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
    }
    return 0
}
