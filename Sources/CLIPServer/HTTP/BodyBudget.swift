import Foundation
import Hummingbird

/// Bytes of all bodies that are held at a time.
final class BodyBudget: @unchecked Sendable {
    private let lock = NSLock()
    private var left: Int  // guarded by `lock`

    init(bytes: Int) { left = bytes }

    private func take(_ count: Int) throws {
        try lock.withLock {
            guard left >= count else { throw ServerError.busy(seconds: 2) }
            left -= count
        }
    }

    private func giveBack(_ count: Int) { lock.withLock { left += count } }

    /// Reads a request's body, and holds its bytes until `use` is over.
    /// - Throws: ``ServerError`` with 413 for more than `most` bytes, with 429 where others hold too many.
    func reading<R>(_ request: Request, most: Int, _ use: (Data) async throws -> R) async throws -> R {
        func refuse() -> ServerError { .tooMuch("A request's body may have \(most) bytes.") }
        // A number that is none here is larger than any.
        if let told = request.headers[.contentLength], Int(told).map({ $0 > most }) ?? true { throw refuse() }
        var held = 0
        defer { giveBack(held) }
        var data = Data()
        do {
            for try await part in request.body {
                guard data.count + part.readableBytes <= most else { throw refuse() }
                try take(part.readableBytes)
                held += part.readableBytes
                data.append(contentsOf: part.readableBytesView)
            }
        } catch let error where !(error is ServerError || error is CancellationError) {
            throw ServerError.bad("The request's body ends early, or is not formed as HTTP has it.")
        }
        try Task.checkCancellation()
        return try await use(data)
    }
}
