import Files
import Foundation
import Testing
import Transfer

@testable import ModelHub

/// The error of the hub that `body` throws.
func hubError(_ body: () throws -> Void) -> ModelHubError? {
    do {
        try body()
        return nil
    } catch { return error as? ModelHubError }
}

@Suite struct ErrorTests {
    private static let all: [ModelHubError] = [
        .invalidName(kind: "file", name: "where", reason: "why"),
        .invalidSetting(name: "where", value: "x", reason: "y"),
        .unknownModel(name: "where", suggestions: ["a"]), .unknownModel(name: "where", suggestions: []),
        .offline(wanted: "where"), .noWeights(repository: "where"),
        .transfer(.unauthorized(url: "where", status: 401, hasToken: true)),
        .transfer(.unauthorized(url: "where", status: 403, hasToken: false)),
        .transfer(.notFound(url: "where")), .transfer(.httpStatus(url: "where", status: 500)),
        .transfer(.httpStatus(url: "where", status: 400)),
        .transfer(.unreachable(url: "where", reason: "why")), .transfer(.stalled(url: "where", seconds: 1)),
        .transfer(.tooManyRedirects(url: "where", limit: 1)), .transfer(.insecureRedirect(url: "where", target: "x")),
        .transfer(.notAFile(url: "where", contentType: "x")), .transfer(.invalidAnswer(url: "where", reason: "why")),
        .transfer(.lengthMismatch(url: "where", expected: 1, received: 2)),
        .transfer(.rangeMismatch(url: "where", asked: "x", answered: "y")),
        .transfer(.tooLarge(url: "where", limit: 1)),
        .transfer(.checksumMismatch(url: "where", expected: "x", actual: "y")),
        .transfer(.diskFull(path: "where", needed: 1, available: 0)),
        .transfer(.file(FileFault("where", .writing, .system(EACCES)))),
    ]

    /// Each says where it happened, and ends with a sentence on what to do.
    @Test(arguments: all) func messages(_ error: ModelHubError) {
        let text = "\(error)"
        #expect(text.contains("where"))
        #expect(text.hasSuffix("."))
        #expect(text.contains(". "))
    }

    @Test func namesFromElsewhereCannotPaintTheTerminal() {
        let error = ModelHubError.invalidName(kind: "file", name: "a\u{1B}[2Jb\n", reason: "why")
        #expect(!"\(error)".unicodeScalars.contains { $0.value < 32 })
    }
}
