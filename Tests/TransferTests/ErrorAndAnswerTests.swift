import Files
import Foundation
import Testing

@testable import Transfer

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The error of a transfer that `body` throws.
func transferError(_ body: () throws -> Void) -> TransferError? {
    do {
        try body()
        return nil
    } catch { return error as? TransferError }
}

@Suite struct ErrorAndAnswerTests {
    private static let all: [TransferError] = [
        .unauthorized(url: "where", status: 401, hasToken: true),
        .unauthorized(url: "where", status: 403, hasToken: false),
        .notFound(url: "where"), .httpStatus(url: "where", status: 500), .httpStatus(url: "where", status: 400),
        .unreachable(url: "where", reason: "why"), .stalled(url: "where", seconds: 1),
        .tooManyRedirects(url: "where", limit: 1), .insecureRedirect(url: "where", target: "x"),
        .notAFile(url: "where", contentType: "x"), .invalidAnswer(url: "where", reason: "why"),
        .lengthMismatch(url: "where", expected: 1, received: 2),
        .rangeMismatch(url: "where", asked: "x", answered: "y"),
        .tooLarge(url: "where", limit: 1), .checksumMismatch(url: "where", expected: "x", actual: "y"),
        .diskFull(path: "where", needed: 1, available: 0), .file(FileFault("where", .writing, .system(EACCES))),
        .invalidChecksum(text: "where"),
    ]

    /// Each says where it happened, and ends with a sentence on what to do.
    @Test(arguments: all) func messages(_ error: TransferError) {
        #expect(error.fact.contains("where") && !error.fact.hasSuffix("."))
        #expect("\(error)".hasPrefix(error.fact + ". "))
        #expect("\(error)".hasSuffix("."))
    }

    @Test func textFromElsewhereCannotPaintTheTerminal() {
        let error = TransferError.rangeMismatch(url: "where", asked: "x", answered: "a\u{1B}[2Jb\n")
        #expect(!"\(error)".unicodeScalars.contains { $0.value < 32 })
    }

    @Test(arguments: [
        ("https://b.example/y", "https://b.example/y"), ("/y?z=1", "https://a.example/y?z=1"),
        ("y", "https://a.example/folder/y"), ("//c.example/y", "https://c.example/y"), ("http://a.example/y", nil),
        ("http://b.example/y", nil),
    ]) func targetsOfRedirects(_ location: String, _ expected: String?) throws {
        let url = try #require(URL(string: "https://a.example/folder/x"))
        let response = try #require(
            HTTPURLResponse(url: url, statusCode: 302, httpVersion: nil, headerFields: ["Location": location]))
        let answer = HTTPAnswer(response, url: url)
        guard let expected else {
            guard case .insecureRedirect = transferError({ _ = try HTTPClient.target(of: answer) }) else {
                return #expect(Bool(false), "\(location)")
            }
            return
        }
        #expect(try HTTPClient.target(of: answer).absoluteString == expected)
    }

    @Test(arguments: [
        ("https://a.example/x", true), ("https://A.example:443/y", true), ("http://a.example/x", false),
        ("https://a.example:8443/x", false), ("https://b.a.example/x", false), ("https://a.example.evil/x", false),
    ]) func origins(_ other: String, _ isSame: Bool) throws {
        let home = try #require(URL(string: "https://a.example/x"))
        #expect(try #require(URL(string: other)).hasSameOrigin(as: home) == isSame)
    }

    @Test func contentRanges() {
        #expect(ContentRange("bytes 1-2/3").map { [$0.first, $0.last, $0.total ?? -1] } == [1, 2, 3])
        #expect(ContentRange("bytes 1-2/*").map { [$0.first, $0.last, $0.total ?? -1] } == [1, 2, -1])
        for text in [
            "bytes 1-2", "bytes 2-1/3", "bytes 1-3/3", "bytes -1-2/3", "bytes */3", "items 1-2/3", "bytes a-b/c", "",
        ] {
            #expect(ContentRange(text) == nil, "\(text)")
        }
    }
}
