import Foundation

/// A picture as a request names it.
enum PictureInput: Sendable, Equatable {
    /// A file's bytes.
    case bytes(Data)
    /// A picture of the index, by its number.
    case id(Int64)
    /// Where it can be fetched, with http or https.
    case address(String)

    /// A `data:` address, an http address, or base64 alone.
    init(text: String) throws {
        if text.hasPrefix("data:") {
            self = .bytes(try Self.bytes(ofDataAddress: text))
        } else if Self.isAddress(text) {
            self = .address(text)
        } else if let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty {
            self = .bytes(data)
        } else {
            throw ServerError.bad(
                "A picture is a data: address (data:image/jpeg;base64,…), base64, or {\"id\": NUMBER}.", "image")
        }
    }

    static func isAddress(_ text: String) -> Bool {
        let start = text.prefix(8).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }

    /// RFC 2397: `data:[type][;name=value]…[;base64],data`.
    private static func bytes(ofDataAddress text: String) throws -> Data {
        guard let comma = text.firstIndex(of: ",") else {
            throw ServerError.bad("A data: address has a comma before its data.", "image")
        }
        let head = text[text.index(text.startIndex, offsetBy: 5)..<comma]
        let parts = head.split(separator: ";", omittingEmptySubsequences: false).map { $0.lowercased() }
        if let type = parts.first, !type.isEmpty, !type.hasPrefix("image/"), type != "application/octet-stream" {
            throw ServerError.bad("A data: address of type \(type.prefix(60)) is no picture.", "image")
        }
        let body = String(text[text.index(after: comma)...])
        let data: Data? =
            if parts.dropFirst().contains("base64") {
                Data(base64Encoded: body.removingPercentEncoding ?? body, options: .ignoreUnknownCharacters)
            } else {
                percentDecoded(body)
            }
        guard let data, !data.isEmpty else {
            throw ServerError.bad("The data of a data: address cannot be decoded, or there is none.", "image")
        }
        return data
    }

    /// `%41` is a byte, which need not be text's.
    private static func percentDecoded(_ text: String) -> Data? {
        var data = Data()
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                data.append(byte)
                continue
            }
            guard bytes.count >= 2, let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            data.append(value)
            bytes = bytes.dropFirst(2)
        }
        return data
    }
}

extension PictureInput: Decodable {
    private enum Key: String, CodingKey { case id, image, url }

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self = try Self(text: text)
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        if let id = try container.decodeIfPresent(Int64.self, forKey: .id) {
            self = .id(id)
        } else if let text = try container.decodeIfPresent(String.self, forKey: .image)
            ?? container.decodeIfPresent(String.self, forKey: .url)
        {
            self = try Self(text: text)
        } else {
            throw ServerError.bad("A picture is a data: address, base64, or {\"id\": NUMBER}.", "image")
        }
    }
}
