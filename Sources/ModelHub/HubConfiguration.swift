import Files
import Foundation

/// Where the hub and its cache are: what huggingface_hub's environment variables say.
public struct HubConfiguration: Sendable {
    /// The hub's address.
    public var endpoint: URL
    /// Sent to the endpoint, and to no other host.
    public var token: String?
    /// The folder of `models--owner--name`.
    public var cacheDirectory: String
    /// Whether the network is out of bounds.
    public var isOffline: Bool
    /// Where OpenAI's own models are fetched from: the folder above `<sha256>/<file>`.
    public var openAIEndpoint: URL
    /// Where OpenAI's own models are kept.
    public var openAIDirectory: String

    /// Reads HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and HF_HUB_OFFLINE, with
    /// huggingface_hub's own defaults and older names.
    /// - Throws: ``ModelHubError/invalidSetting(name:value:reason:)``.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(ModelHubError) {
        func value(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
        func isTrue(_ text: String?) -> Bool { ["1", "ON", "YES", "TRUE"].contains(text?.uppercased()) }
        let userHome = value("HOME") ?? NSHomeDirectory()
        func path(_ names: String...) -> String? {
            let given = names.lazy.compactMap { environment[$0] }
            guard let path = given.first(where: { !$0.isEmpty }) else { return nil }
            return path == "~" || path.hasPrefix("~/") ? userHome + path.dropFirst() : path
        }
        let home = path("HF_HOME") ?? (path("XDG_CACHE_HOME") ?? userHome + "/.cache") + "/huggingface"
        endpoint = try Self.address(value("HF_ENDPOINT") ?? "https://huggingface.co", name: "HF_ENDPOINT")
        cacheDirectory = path("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? home + "/hub"
        isOffline = isTrue(value("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
        openAIEndpoint = try Self.address(OpenAIModel.endpoint, name: "OpenAI's endpoint")
        openAIDirectory = userHome + "/.cache/clip"
        let tokenPath = path("HF_TOKEN_PATH") ?? home + "/token"
        let isSilent = isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
        let given = isSilent ? nil : value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") ?? Self.text(of: tokenPath)
        token = try Self.cleanToken(given)
    }

    /// Tokens are read from files with a newline at their end; one inside would write headers of its own.
    private static func cleanToken(_ text: String?) throws(ModelHubError) -> String? {
        guard let text = text?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else { return nil }
        guard text.utf8.count <= 4096, text.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw .invalidSetting(name: "The token (HF_TOKEN)", value: "…", reason: "it holds characters no token has")
        }
        return text
    }

    private static func text(of path: String) -> String? {
        // A token is short; whatever else lies there is not read whole.
        guard let bytes = try? FileReader(path, allowingPipes: true).bytes(count: 8192) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ text: String, name: String) throws(ModelHubError) -> URL {
        let trimmed = String(text.reversed().drop { $0 == "/" }.reversed())
        guard let url = URL(string: trimmed), let scheme = url.scheme?.lowercased(),
            ["http", "https"].contains(scheme),
            url.host?.isEmpty == false, url.query == nil, url.user == nil
        else {
            throw .invalidSetting(name: name, value: text, reason: "it should be an address as https://huggingface.co")
        }
        return url
    }
}
