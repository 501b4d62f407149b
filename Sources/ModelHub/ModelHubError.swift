import Files
import Transfer

/// Why a model could not be found, fetched or kept: what is wrong, where, and what to do.
///
/// Addresses in these errors carry no query, for hubs sign their links in it, and never a token.
public enum ModelHubError: Error, Sendable, Equatable {
    /// A repository, revision, file name or the like that is not safe to use in a path or an address.
    case invalidName(kind: String, name: String, reason: String)
    /// An environment variable or a setting that cannot be used.
    case invalidSetting(name: String, value: String, reason: String)
    /// No model has this name; the nearest names, or known ones where none is near.
    case unknownModel(name: String, suggestions: [String])
    /// The hub may not be asked, and the cache lacks what is wanted.
    case offline(wanted: String)
    /// The repository holds no weights that can be loaded; what it holds instead, where that is known.
    case noWeights(repository: String, holds: ForeignFiles? = nil)
    /// The server did not give what was asked for, or it could not be kept.
    case transfer(TransferError)
}

extension ModelHubError {
    /// Whether trying again a little later may help.
    var isTransient: Bool {
        if case .transfer(let error) = self { error.isTransient } else { false }
    }

    /// Runs what reads or keeps files; its faults become the hub's.
    static func keeping<Value>(_ body: () throws(FileFault) -> Value) throws(ModelHubError) -> Value {
        do { return try body() } catch { throw .transfer(.file(error)) }
    }

    /// Runs what fetches and keeps; its errors become the hub's.
    static func wrapping<Value>(_ body: () throws(TransferError) -> Value) throws(ModelHubError) -> Value {
        do { return try body() } catch { throw .transfer(error) }
    }
}

extension ModelHubError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidName(let kind, let name, let reason):
            "\(name.quotedForTerminal) cannot be the name of a \(kind): \(reason). Check its spelling, or distrust where "
                + "it is from."
        case .invalidSetting(let name, let value, let reason):
            "\(name) is \(value.quotedForTerminal): \(reason). Correct it or unset it."
        case .unknownModel(let name, let suggestions):
            "No model is called \(name.quotedForTerminal). "
                + (suggestions.isEmpty
                    ? "Give a repository as hf-hub:owner/name."
                    : suggestions.count > 3
                        ? "Known are: \(suggestions.joined(separator: ", "))."
                        : "Did you mean \(suggestions.joinedAsChoice())? Check the spelling.")
        case .offline(let wanted):
            "\(wanted) is not in the cache, and HF_HUB_OFFLINE forbids asking the hub. Unset it to download."
        case .noWeights(let repository, let holds):
            "\(repository) holds " + (holds.map { "\($0), and " } ?? "")
                + "no weights under a name that is known (open_clip_model.safetensors, model.safetensors, "
                + "open_clip_pytorch_model.bin, pytorch_model.bin). Check that it is a CLIP model."
        case .transfer(let error): Self.description(of: error)
        }
    }

    /// With what can be done where the server is a hub, or was taken for one.
    private static func description(of error: TransferError) -> String {
        let advice: String
        switch error {
        case .unauthorized(_, _, hasToken: true):
            advice =
                "If the repository is gated, accept its conditions on its web page; else check that the token may read it."
        case .unauthorized(_, _, hasToken: false):
            advice =
                "The repository is private, gated or does not exist. Accept its conditions on its web page and put a "
                + "token (https://huggingface.co/settings/tokens) into HF_TOKEN, or correct the name."
        case .notFound(let url):
            return "\(url): there is no such repository, revision or file (404). Check the spelling."
        case .tooManyRedirects: advice = "Check HF_ENDPOINT, or report this to the hub."
        case .insecureRedirect: advice = "Check HF_ENDPOINT."
        case .notAFile: advice = "Check HF_ENDPOINT, and whether a proxy or a sign-in page stands in between."
        case .invalidAnswer: advice = "Check HF_ENDPOINT, and whether a proxy stands in between."
        case .diskFull: advice = "Make room, or set HF_HUB_CACHE to a larger disk."
        default: return error.description
        }
        return "\(error.fact). \(advice)"
    }
}

extension ModelHubError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .transfer(let error) = self { error.fileFault } else { nil }
    }
}

extension ModelHubError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .invalidName, .invalidSetting, .unknownModel: .usage
        case .offline, .noWeights: .missingInput
        case .transfer(let error): error.kind
        }
    }
}
