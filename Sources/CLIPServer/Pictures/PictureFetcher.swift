import AsyncHTTPClient
import Foundation
import NIOCore

/// Fetches pictures by their addresses, for strangers: from the public Internet alone, within bounds of size and time.
///
/// A name is resolved once, each of its addresses is judged, and the connection goes to the one that was judged: a name
/// that answers differently the second time gains nothing. A redirection is judged as the first address was.
struct PictureFetcher: Sendable {
    var mostBytes: Int
    var seconds = 10.0
    var mostRedirections = 3
    /// Who may be fetched from. Another in tests alone.
    var isAllowed: @Sendable ([UInt8]) -> Bool = AddressRules.isPublic
    let resolving: WorkPool

    func fetch(_ address: String) async throws -> Data {
        var next = address
        let end = NIODeadline.now() + .milliseconds(Int64(seconds * 1000))
        for _ in 0...mostRedirections {
            switch try await step(next, end) {
            case .data(let data): return data
            case .moved(let place): next = place
            }
        }
        throw ServerError.bad("\(Self.short(address)) was redirected more than \(mostRedirections) times.", "image")
    }

    private enum Step {
        case data(Data)
        case moved(String)
    }

    private func step(_ address: String, _ end: NIODeadline) async throws -> Step {
        guard let parts = URLComponents(string: address), let host = parts.host, !host.isEmpty,
            ["http", "https"].contains(parts.scheme?.lowercased()), parts.user == nil, parts.password == nil
        else { throw ServerError.bad("\(Self.short(address)) is no http or https address.", "image") }
        // URLComponents keeps the brackets of [::1].
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let found = try await resolving.run { try AddressRules.resolve(name) }
        guard let chosen = found.first, found.allSatisfy({ isAllowed($0.bytes) }) else {
            throw ServerError.bad("\(Self.short(address)) is not on the public Internet.", "image")
        }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.dnsOverride = [host: chosen.text]
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let step = try await answer(client, address, parts, end)
            try? await client.shutdown()
            return step
        } catch {
            try? await client.shutdown()
            if error is ServerError || error is CancellationError { throw error }
            throw ServerError.bad("\(Self.short(address)) could not be fetched: \(Self.short("\(error)")).", "image")
        }
    }

    private func answer(
        _ client: HTTPClient, _ address: String, _ parts: URLComponents, _ end: NIODeadline
    ) async throws -> Step {
        var request = HTTPClientRequest(url: address)
        request.headers.add(name: "User-Agent", value: "swift-clip")
        request.headers.add(name: "Accept", value: "image/*")
        let response = try await client.execute(request, deadline: end)
        if (300..<400).contains(response.status.code), let place = response.headers.first(name: "Location") {
            guard let base = parts.url, let moved = URL(string: place, relativeTo: base)?.absoluteString else {
                throw ServerError.bad("\(Self.short(address)) was redirected to no address.", "image")
            }
            return .moved(moved)
        }
        guard response.status.code == 200 else {
            throw ServerError.bad("\(Self.short(address)) answered with status \(response.status.code).", "image")
        }
        var data = Data()
        for try await part in response.body {
            guard data.count + part.readableBytes <= mostBytes else {
                throw ServerError.tooMuch("\(Self.short(address)) has more than \(mostBytes) bytes.", "image")
            }
            data.append(contentsOf: part.readableBytesView)
            if NIODeadline.now() > end {
                throw ServerError.bad("\(Self.short(address)) took longer than \(Int(seconds)) s.", "image")
            }
        }
        return .data(data)
    }

    private static func short(_ text: String) -> String { String(text.prefix(200)) }
}
