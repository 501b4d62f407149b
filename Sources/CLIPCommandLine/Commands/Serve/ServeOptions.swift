import ArgumentParser
import CLIPSearch
import CLIPServer
import Files
import Foundation

/// What a server answers from.
struct ServedOptions: ParsableArguments {
    @Option(
        name: .customLong("index"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            """
            An index to serve; may be given several times, also as NAME=INDEX (default: the one in the user's data \
            folder, where there is one).
            """, valueName: "[name=]index"))
    var indexes: [String] = []

    @Option(help: ArgumentHelp("What clients call the model (default: its own name).", valueName: "name"))
    var modelName: String?

    /// - Throws: `SearchError`; `ValidationError` for two indexes of the same name.
    func open() throws -> ServedIndexes {
        guard !indexes.isEmpty else {
            do {
                return ServedIndexes([.init(name: "index", index: try IndexLocation(IndexPlace.standard).open())])
            } catch SearchError.noIndex {
                return ServedIndexes([])
            }
        }
        var entries: [ServedIndexes.Entry] = []
        for text in indexes {
            let (name, place) = Self.parts(text)
            guard !entries.contains(where: { $0.name == name }) else {
                throw ValidationError("Two indexes are called \(name); name them: --index NAME=INDEX.")
            }
            entries.append(.init(name: name, index: try IndexLocation(place).open()))
        }
        return ServedIndexes(entries)
    }

    /// `photos=/a/b`, or a place whose last part is the name.
    static func parts(_ text: String) -> (name: String, place: String) {
        if let equals = text.firstIndex(of: "="), equals > text.startIndex,
            text[..<equals].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
        {
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
        let end = text.prefix { $0 != "?" }
        return (URL(fileURLWithPath: String(end)).lastPathComponent, text)
    }
}

/// Where a server listens, and whom it answers.
struct ListeningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The address to listen on; 0.0.0.0 for all of this machine's.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The port; 0 for one that is free.", valueName: "number"))
    var port = 7997

    @Option(
        help: ArgumentHelp(
            """
            A file with API keys, one a line, one of which has to come with each request as "Authorization: Bearer \
            KEY". CLIP_API_KEY in the environment is one more.
            """, valueName: "file"))
    var apiKeys: String?

    @Flag(help: "Answer other machines without a key, where something in front of the server asks for one.")
    var withoutKeys = false

    @Option(
        name: .customLong("name"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A host name by which requests may call this server, beside localhost; may be given several times.",
            valueName: "name"))
    var names: [String] = []

    @Option(
        name: .customLong("origin"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "An origin whose pages may ask, as https://photos.example (CORS); may be given several times.",
            valueName: "origin"))
    var origins: [String] = []

    @Flag(
        name: .customLong("allow-urls"),
        help: "Fetch pictures that requests name by http and https addresses, from the public Internet alone.")
    var allowsURLs = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535.") }
        guard !withoutKeys || apiKeys == nil else {
            throw ValidationError("--without-keys and --api-keys exclude each other.")
        }
    }

    /// - Throws: `ValidationError` where others could ask without a key.
    func apply(to configuration: inout ServerConfiguration) throws {
        configuration.host = host
        configuration.port = port
        configuration.origins = origins
        configuration.fetchesPictures = allowsURLs
        var keys = [ProcessInfo.processInfo.environment["CLIP_API_KEY"]].compactMap { $0 }.filter { !$0.isEmpty }
        if let apiKeys {
            keys += try TextFile.texts([], file: apiKeys)
            guard !keys.isEmpty else { throw ValidationError("\(apiKeys) has no key.") }
        }
        configuration.keys = withoutKeys ? [] : keys
        guard configuration.isLocal || !configuration.keys.isEmpty || withoutKeys else {
            throw ValidationError(
                "Other machines could ask at \(host): give keys with --api-keys FILE, or say --without-keys.")
        }
        // Whoever listens for others is called by names that nobody here knows, and asks for a key.
        configuration.names = configuration.isLocal ? names : names.isEmpty ? nil : names
    }
}

/// How much a server takes.
struct ServerLimits: ParsableArguments {
    @Option(help: ArgumentHelp("The most that one request may have.", valueName: "size"))
    var maxBody = MemorySize(bytes: 32 << 20)

    @Option(
        help: ArgumentHelp(
            "Requests at a time, and pictures that may wait for the model; more are refused (429).", valueName: "count")
    )
    var queue = 256

    @Option(help: ArgumentHelp("Seconds that a request may take.", valueName: "seconds"))
    var timeLimit = 60.0

    @Option(
        help: ArgumentHelp("What is logged: info has a line for each request.", valueName: "error|warning|info|debug"))
    var log = Level.warning

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case error, warning, info, debug
    }

    func validate() throws {
        guard (1...1_000_000).contains(queue) else {
            throw ValidationError("--queue takes a number from 1 to 1000000.")
        }
        guard (0.1...86_400).contains(timeLimit) else {
            throw ValidationError("--time-limit takes a number from 0.1 to 86400.")
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        configuration.bodyBytes = maxBody.bytes
        configuration.allBodyBytes = max(configuration.allBodyBytes, 8 * maxBody.bytes)
        configuration.requests = queue
        configuration.waitingPictures = queue
        configuration.waitingTexts = 16 * queue
        configuration.requestSeconds = timeLimit
    }
}
