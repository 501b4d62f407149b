import Failures

/// Why a model could not be found, fetched or kept: what is wrong, where, and what to do.
///
/// Addresses in these errors carry no query, for hubs sign their links in it, and never a token.
public enum ModelHubError: Error, Sendable, Equatable {
    /// A repository, revision, file name or the like that is not safe to use in a path or an address.
    case invalidName(kind: String, name: String, reason: String)
    /// An environment variable or a setting that cannot be used.
    case invalidSetting(name: String, value: String, reason: String)
    /// No model has this name.
    case unknownModel(name: String, suggestions: [String])
    /// The hub may not be asked, and the cache lacks what is wanted.
    case offline(wanted: String)
    /// The repository holds no weights that can be loaded.
    case noWeights(repository: String)
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
    /// The bytes are not those that were announced; they have been deleted.
    case checksumMismatch(url: String, expected: String, actual: String)
    /// The disk has no room.
    case diskFull(path: String, needed: Int, available: Int)
    /// A file or folder cannot be read or written.
    case unwritable(path: String, reason: String)
    /// Whoever asked does not want it any more.
    case cancelled
}

extension ModelHubError {
    /// Whether trying again a little later may help.
    var isTransient: Bool {
        switch self {
        case .unreachable, .stalled: true
        case .httpStatus(_, let status): status == 408 || status == 425 || status == 429 || (500...599).contains(status)
        default: false
        }
    }
}

extension ModelHubError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidName(let kind, let name, let reason):
            "\(Self.shown(name)) cannot be the name of a \(kind): \(reason). Check its spelling, or distrust where it is "
                + "from."
        case .invalidSetting(let name, let value, let reason):
            "\(name) is \(Self.shown(value)): \(reason). Correct it or unset it."
        case .unknownModel(let name, let suggestions):
            "No model is called \(Self.shown(name)). "
                + (suggestions.isEmpty
                    ? "Give a repository as hf-hub:owner/name." : "Known are: \(suggestions.joined(separator: ", ")).")
        case .offline(let wanted):
            "\(wanted) is not in the cache, and HF_HUB_OFFLINE forbids asking the hub. Unset it to download."
        case .noWeights(let repository):
            "\(repository) holds no weights under a name that is known (open_clip_model.safetensors, model.safetensors, "
                + "open_clip_pytorch_model.bin, pytorch_model.bin). Check that it is a CLIP model."
        case .cancelled:
            "the download was cancelled; what has arrived is kept."
        case .unauthorized, .notFound, .httpStatus, .unreachable, .stalled: serverDescription
        case .tooManyRedirects, .insecureRedirect, .notAFile, .invalidAnswer, .rangeMismatch: answerDescription
        case .lengthMismatch, .tooLarge, .checksumMismatch, .diskFull, .unwritable: contentDescription
        }
    }

    private var serverDescription: String {
        switch self {
        case .unauthorized(let url, let status, let hasToken):
            "\(url): the server refuses access (\(status)). "
                + (hasToken
                    ? "If the repository is gated, accept its conditions on its web page; else check that the token may read it."
                    : "The repository is private, gated or does not exist. Accept its conditions on its web page and put a "
                        + "token (https://huggingface.co/settings/tokens) into HF_TOKEN, or correct the name.")
        case .notFound(let url):
            "\(url): there is no such repository, revision or file (404). Check the spelling."
        case .httpStatus(let url, let status):
            "\(url): the server answered with status \(status). "
                + (isTransient ? "Try again later; what has arrived is kept." : "Check the address.")
        case .unreachable(let url, let reason):
            "\(url): the connection failed: \(reason). Check the network and try again; what has arrived is kept."
        case .stalled(let url, let seconds):
            "\(url): nothing arrived for \(seconds) seconds. Check the network and try again; what has arrived is kept."
        default: ""
        }
    }

    private var answerDescription: String {
        switch self {
        case .tooManyRedirects(let url, let limit):
            "\(url): the server redirected more than \(limit) times. Check HF_ENDPOINT, or report this to the hub."
        case .insecureRedirect(let url, let target):
            "\(url): the server redirects from https to \(target), which anyone on the way could read or change. "
                + "Check HF_ENDPOINT."
        case .notAFile(let url, let contentType):
            "\(url): a web page came (\(contentType)) where a file was expected. Check HF_ENDPOINT, and whether a proxy or "
                + "a sign-in page stands in between."
        case .invalidAnswer(let url, let reason):
            "\(url): the answer cannot be used: \(reason). Check HF_ENDPOINT, and whether a proxy stands in between."
        case .rangeMismatch(let url, let asked, let answered):
            "\(url): asked for \(asked), the server answered with \(Self.shown(answered)). The part that was there is "
                + "deleted; try again."
        default: ""
        }
    }

    private var contentDescription: String {
        switch self {
        case .lengthMismatch(let url, let expected, let received):
            "\(url): \(expected) bytes were announced, but the server holds \(received). Try again later."
        case .tooLarge(let url, let limit):
            "\(url): more than the allowed \(limit) bytes. Raise the bound if the file is right."
        case .checksumMismatch(let url, let expected, let actual):
            "\(url): the bytes that came have the checksum \(actual), not \(expected), and were deleted. Try again; if it "
                + "happens twice, the server or a proxy changes the file."
        case .diskFull(let path, let needed, let available):
            "\(path): \(needed) more bytes are needed, and \(available) are free. Make room, or set HF_HUB_CACHE to a larger disk."
        case .unwritable(let path, let reason):
            "\(path): \(reason). Check the path, its permissions and the space on its disk."
        default: ""
        }
    }

    /// Text from elsewhere, short and without control characters, for a terminal shows it.
    static func shown(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(200).map { scalar in
            scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
        }
        return "\"\(safe.joined())\(text.unicodeScalars.count > 200 ? "…" : "")\""
    }
}

extension ModelHubError: Failure {
    public var kind: FailureKind {
        switch self {
        case .invalidName, .invalidSetting, .unknownModel: .usage
        case .offline, .noWeights, .unauthorized, .notFound, .httpStatus, .unreachable, .stalled: .missingInput
        case .diskFull, .unwritable, .cancelled: .internalFault
        default: .badData
        }
    }
}
