import CLIP
import Foundation

/// How a server listens, whom it answers, and how much it takes.
public struct ServerConfiguration: Sendable {
    /// The name or number of the interface it listens on. Anything but the machine itself needs keys.
    public var host = "127.0.0.1"
    /// 0 for one that is free.
    public var port = 7997
    /// One of them has to come with each request, as `Authorization: Bearer KEY`; none where anyone may ask.
    public var keys: [String] = []
    /// Names by which requests may call the server (their `Host`), beside its own address; nil for any. It keeps pages of
    /// the web from reaching a server on this machine under a name of theirs.
    public var names: [String]? = []
    /// Origins whose pages may ask, as `https://photos.example`; none by default.
    public var origins: [String] = []
    /// Whether pictures may be named by http and https addresses, which the server fetches.
    public var fetchesPictures = false
    /// What clients call the model; nil for the model's own name.
    public var modelName: String?
    /// Where the vectors of labels with templates are kept, so that they need not be encoded for the next request with the
    /// same ones; nil to encode them for each.
    public var cache: EmbeddingCache?

    /// Bytes of one request.
    public var bodyBytes = 32 << 20
    /// Bytes of all requests that are being read or answered.
    public var allBodyBytes = 256 << 20
    /// Pictures, or texts, of one request.
    public var itemCount = 256
    /// Characters of one text.
    public var textLength = 122_880
    /// Requests that are read or answered at a time; more are refused with 429, before their bodies are read.
    public var requests = 256
    /// Pictures that wait for the model; more are refused with 429.
    public var waitingPictures = 256
    /// Texts that wait for the model.
    public var waitingTexts = 4096
    /// Connections at a time; more wait to be accepted.
    public var connections = 4096
    /// Seconds a request may take, from its head to its answer.
    public var requestSeconds = 60.0
    /// Seconds for which a request waits for others to share a batch with it, where others are on their way.
    public var batchSeconds = 0.003
    /// Seconds that requests which are being answered are given when the server is stopped.
    public var drainSeconds = 30.0

    public init() {}

    /// Whether only this machine can reach it.
    public var isLocal: Bool { ["127.0.0.1", "localhost", "::1"].contains(host) || host.hasPrefix("127.") }
}
