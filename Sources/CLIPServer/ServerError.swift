import CLIP
import CLIPSearch
import Files
import Foundation
import Hummingbird
import Imaging

/// Why a request is not answered, in the form that OpenAI's clients read.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Of HTTP.
    public let status: Int
    /// One word for programs.
    public let code: String
    /// One sentence for people: what is wrong, and what to do.
    public let message: String
    /// The part of the request that is wrong.
    public let parameter: String?
    /// Seconds after which it is worth trying again.
    public let retryAfter: Int?

    init(_ status: Int, _ code: String, _ message: String, parameter: String? = nil, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter.flatMap { $0.isEmpty ? nil : $0 }
        self.retryAfter = retryAfter
    }

    public var description: String { message }

    static func bad(_ message: String, _ parameter: String? = nil) -> ServerError {
        ServerError(400, "invalid_request", message, parameter: parameter)
    }

    static func tooMuch(_ message: String, _ parameter: String? = nil) -> ServerError {
        ServerError(413, "too_large", message, parameter: parameter)
    }

    static func busy(seconds: Int) -> ServerError {
        ServerError(
            429, "overloaded", "More is asked than can be answered now; try again in \(seconds) s.",
            retryAfter: seconds)
    }

    static let stopping = ServerError(503, "stopping", "The server is being stopped.", retryAfter: 5)

    /// What went wrong below, as whoever asked may know it: nothing of paths that they did not name.
    init(_ error: any Error) {
        switch error {
        case let error as ServerError: self = error
        case is CancellationError: self.init(499, "canceled", "Whoever asked has left.")
        case let error as HTTPError where error.status == .notFound:
            self.init(404, "not_found", "There is nothing at this address; /openapi.json says what there is.")
        case let error as HTTPError:
            self.init(error.status.code, "invalid_request", error.body ?? error.status.reasonPhrase)
        case let error as ImagingError:
            self.init(Self.isTooLarge(error) ? 413 : 400, "invalid_picture", "\(error)", parameter: "image")
        case let error as CLIPError where error.kind != .internalFault:
            self.init(400, "invalid_request", "\(error)")
        case let error as any HTTPResponseError:
            self.init(
                error.status.code, error.status == .contentTooLarge ? "too_large" : "invalid_request",
                error.status.reasonPhrase)
        default:
            self.init(500, "internal_error", "The server failed; its log says more.")
        }
    }

    private static func isTooLarge(_ error: ImagingError) -> Bool {
        if case .tooMuchMemory = error { true } else { false }
    }

    private var type: String {
        switch status {
        case 401, 403: "authentication_error"
        case 404: "not_found_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    /// `{"error": {"message", "type", "param", "code"}}`
    var response: Response {
        var body: [String: Any] = ["message": message, "type": type, "code": code]
        body["param"] = parameter ?? NSNull()
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = (try? JSONSerialization.data(withJSONObject: ["error": body], options: options)) ?? Data()
        var response = Response.json(data, status: .init(code: status))
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        if status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension Request {
    /// Whether whoever asks has what a tag is of: `*`, or a list, in which a proxy may have weakened it.
    func has(_ tag: String) -> Bool {
        guard let given = headers[.ifNoneMatch] else { return false }
        return given.split(separator: ",").contains { part in
            let part = part.trimmingCharacters(in: .whitespaces)
            return part == "*" || part == tag || part == "W/\(tag)"
        }
    }
}

extension Response {
    /// A JSON document.
    static func json(_ data: Data, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    /// A JSON document, property names in snake case.
    static func json(_ value: some Encodable) throws -> Response { json(try ServerJSON.encoder().encode(value)) }
}

/// How documents are read and written: property names in snake case.
enum ServerJSON {
    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// - Throws: ``ServerError`` that says where the document is wrong.
    static func decode<Document: Decodable>(_ type: Document.Type, _ data: Data) throws -> Document {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: data)
        } catch DecodingError.keyNotFound(let key, let context) {
            let name = path(context.codingPath + [key])
            throw ServerError.bad("\(name) is missing.", name)
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let name = path(context.codingPath)
            throw ServerError.bad("\(name.isEmpty ? "The document" : name) is of the wrong kind.", name)
        } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
            let name = path(context.codingPath)
            throw ServerError.bad("\(name): \(context.debugDescription)", name)
        } catch is DecodingError {
            let isJSON = (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
            throw ServerError.bad(
                isJSON
                    ? "A number of the document is out of range, or has a fraction where none can be."
                    : "The body is not a JSON document.")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                let name = key.stringValue.reduce(into: "") { name, letter in
                    name += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
                }
                path += path.isEmpty ? name : "." + name
            }
        }
    }
}
