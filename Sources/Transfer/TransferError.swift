import Files

/// Why bytes could not be fetched from a server, or kept.
///
/// Addresses in these errors carry no query, for servers sign their links in it, and never a token. ``fact`` is for
/// targets above, which know what the file was for and say what to do about it; ``description`` adds what to do where
/// nothing more is known.
public enum TransferError: Error, Sendable, Equatable {
    /// The server wants a token, a better one, or the acceptance of conditions (401, 403).
    case unauthorized(url: String, status: Int, hasToken: Bool)
    /// The server knows no such thing (404, 410).
    case notFound(url: String)
    /// Any other status that is neither a success nor a redirection.
    case httpStatus(url: String, status: Int)
    /// No connection, or it broke more often than allowed.
    case unreachable(url: String, reason: String)
    /// The server sent nothing for so long.
    case stalled(url: String, seconds: Double)
    /// Redirections in a circle, or a very long way.
    case tooManyRedirects(url: String, limit: Int)
    /// A redirection from https to something that is not.
    case insecureRedirect(url: String, target: String)
    /// A web page came where a file was expected.
    case notAFile(url: String, contentType: String)
    /// An answer that lacks what is needed or contradicts itself.
    case invalidAnswer(url: String, reason: String)
    /// The file is longer or shorter than announced.
    case lengthMismatch(url: String, expected: Int, received: Int)
    /// The server answered with another part of the file than was asked for.
    case rangeMismatch(url: String, asked: String, answered: String)
    /// More bytes than the bound allows.
    case tooLarge(url: String, limit: Int)
    /// Text that was to be a SHA-256 and is none.
    case invalidChecksum(text: String)
    /// The bytes are not those that were announced; they have been deleted.
    case checksumMismatch(url: String, expected: String, actual: String)
    /// The disk has no room.
    case diskFull(path: String, needed: Int, available: Int)
    /// A file or folder cannot be read or written.
    case file(FileFault)
    /// Whoever asked does not want it any more.
    case cancelled
}

extension TransferError {
    /// Whether trying again a little later may help.
    package var isTransient: Bool {
        switch self {
        case .unreachable, .stalled: true
        case .httpStatus(_, let status): status == 408 || status == 425 || status == 429 || (500...599).contains(status)
        default: false
        }
    }

    /// Runs what reads or keeps files; its faults become errors of a transfer.
    package static func wrapping<Value>(_ body: () throws(FileFault) -> Value) throws(TransferError) -> Value {
        do { return try body() } catch { throw .file(error) }
    }

    /// Whether the bytes that came before this error are worth continuing.
    var keepsPart: Bool {
        switch self {
        case .lengthMismatch, .tooLarge, .checksumMismatch, .rangeMismatch, .notAFile: false
        default: true
        }
    }
}

extension TransferError: CustomStringConvertible {
    public var description: String { "\(fact). \(advice)" }

    /// What is wrong and where, without a full stop.
    public var fact: String {
        switch self {
        case .unauthorized(let url, let status, _): "\(url): the server refuses access (\(status))"
        case .notFound(let url): "\(url): the server has no such file (404)"
        case .httpStatus(let url, let status): "\(url): the server answered with status \(status)"
        case .unreachable(let url, let reason): "\(url): the connection failed: \(reason)"
        case .stalled(let url, let seconds): "\(url): nothing arrived for \(seconds) seconds"
        case .tooManyRedirects(let url, let limit): "\(url): the server redirected more than \(limit) times"
        case .insecureRedirect(let url, let target):
            "\(url): the server redirects from https to \(target), which anyone on the way could read or change"
        case .notAFile(let url, let contentType): "\(url): a web page came (\(contentType)) where a file was expected"
        case .invalidAnswer(let url, let reason): "\(url): the answer cannot be used: \(reason)"
        case .lengthMismatch(let url, let expected, let received):
            "\(url): \(expected) bytes were announced, but the server holds \(received)"
        case .rangeMismatch(let url, let asked, let answered):
            "\(url): asked for \(asked), the server answered with \(answered.quotedForTerminal)"
        case .tooLarge(let url, let limit): "\(url): more than the allowed \(limit) bytes"
        case .invalidChecksum(let text): "\(text.quotedForTerminal) is no SHA-256, which has 64 hexadecimal digits"
        case .checksumMismatch(let url, let expected, let actual):
            "\(url): the bytes that came have the checksum \(actual), not \(expected), and were deleted"
        case .diskFull(let path, let needed, let available):
            "\(path): \(needed) more bytes are needed, and \(available) are free"
        case .file(let fault): "\(fault)"
        case .cancelled: "the transfer was cancelled"
        }
    }

    private var advice: String {
        switch self {
        case .unauthorized(_, _, let hasToken):
            hasToken
                ? "Check that the token may read it." : "Check the address, or fetch it with a token that may read it."
        case .notFound, .tooManyRedirects, .insecureRedirect: "Check the address."
        case .httpStatus: isTransient ? "Try again later; what has arrived is kept." : "Check the address."
        case .unreachable, .stalled: "Check the network and try again; what has arrived is kept."
        case .notAFile: "Check the address, and whether a proxy or a sign-in page stands in between."
        case .invalidAnswer: "Check the address, and whether a proxy stands in between."
        case .lengthMismatch: "Try again later."
        case .rangeMismatch: "The part that was there is deleted; try again."
        case .tooLarge: "Raise the bound if the file is right."
        case .invalidChecksum: "Correct it."
        case .checksumMismatch: "Try again; if it happens twice, the server or a proxy changes the file."
        case .diskFull: "Make room."
        case .file: "Check the path, its permissions and the space on its disk."
        case .cancelled: "What has arrived is kept."
        }
    }
}

extension String {
    /// In quotation marks, short and without control characters: for text from elsewhere, since a terminal shows it.
    package var quotedForTerminal: String {
        let safe = unicodeScalars.prefix(200).map { scalar in
            scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
        }
        return "\"\(safe.joined())\(unicodeScalars.count > 200 ? "…" : "")\""
    }

    /// Whether it is so many lower-case hexadecimal digits.
    package func isHexadecimal(count: Int) -> Bool {
        utf8.count == count && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension TransferError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .file(let fault) = self { fault } else { nil }
    }
}

extension FileLock {
    /// Waits until the lock is free, and holds it while `body` runs.
    /// - Parameters:
    ///   - removing: whether the file of the lock goes too, where it would lie among the user's own.
    ///   - isCancelled: asked while another holds the lock.
    /// - Throws: ``TransferError/file(_:)`` if the file of the lock cannot be made, ``TransferError/cancelled``, or what
    ///   `body` throws.
    package static func hold(
        _ path: String, removing: Bool = false, isCancelled: () -> Bool = { false },
        body: () throws(TransferError) -> Void
    ) throws(TransferError) {
        let lock = try TransferError.wrapping { () throws(FileFault) in try FileLock(path, isCancelled: isCancelled) }
        guard let lock else { throw .cancelled }
        defer { if removing { lock.removeFile() } }
        try body()
        withExtendedLifetime(lock) {}
    }
}

extension TransferError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .unauthorized, .notFound, .httpStatus, .unreachable, .stalled: .missingInput
        case .diskFull, .file, .cancelled: .internalFault
        default: .badData
        }
    }
}
