import Foundation

/// A `multipart/form-data` body (RFC 7578) that was read whole. No package at hand parses it.
enum Multipart {
    /// A field of the form.
    struct Part: Equatable {
        let name: String
        let contents: Data
    }

    /// Fields of a form, and bytes of one field's head.
    private static let mostParts = 32
    private static let mostHead = 8192

    /// - Parameter contentType: of the request, with its `boundary`.
    /// - Throws: ``ServerError``.
    static func parse(_ body: Data, contentType: String?) throws -> [Part] {
        guard let boundary = boundary(contentType) else {
            throw ServerError.bad("The request's Content-Type is multipart/form-data with a boundary.")
        }
        let mark = Data("\r\n--\(boundary)".utf8)
        // The first delimiter may be the very beginning.
        let body = Data("\r\n".utf8) + body
        guard var place = delimiter(mark, body, from: body.startIndex) else { throw damaged("has no boundary") }
        var parts: [Part] = []
        while !place.isLast {
            guard parts.count < mostParts else { throw damaged("has more than \(mostParts) fields") }
            guard let end = delimiter(mark, body, from: place.end) else { throw damaged("ends early") }
            parts.append(try part(body[place.end..<end.start]))
            place = end
        }
        return parts
    }

    /// Where a delimiter begins, where its line ends (before the line's break), and whether it closes the form.
    private typealias Delimiter = (start: Int, end: Int, isLast: Bool)

    /// The next delimiter: the mark, and nothing but blanks after it in its line. A field may have the mark with more.
    private static func delimiter(_ mark: Data, _ body: Data, from start: Int) -> Delimiter? {
        var from = start
        while let found = body.range(of: mark, in: from..<body.endIndex) {
            let rest = body[found.upperBound...]
            if rest.starts(with: Data("--".utf8)) { return (found.lowerBound, found.upperBound, true) }
            let blanks = rest.prefix { $0 == 0x20 || $0 == 0x09 }
            if body[blanks.endIndex...].starts(with: Data("\r\n".utf8)) {
                return (found.lowerBound, blanks.endIndex, false)
            }
            from = found.lowerBound + 1
        }
        return nil
    }

    private static func damaged(_ what: String) -> ServerError { .bad("The form \(what).") }

    private static func boundary(_ contentType: String?) -> String? {
        guard let contentType, contentType.lowercased().hasPrefix("multipart/form-data") else { return nil }
        for parameter in contentType.split(separator: ";").dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard pair.count == 2, pair[0].lowercased() == "boundary" else { continue }
            let value = pair[1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
            return (1...70).contains(value.utf8.count) ? value : nil
        }
        return nil
    }

    /// - Parameter bytes: from the line's end after a delimiter to the next delimiter.
    private static func part(_ bytes: Data) throws -> Part {
        let blank = Data("\r\n\r\n".utf8)
        let limit = min(bytes.endIndex, bytes.startIndex + mostHead)
        guard let head = bytes.range(of: blank, in: bytes.startIndex..<limit) else {
            throw damaged("has a field without a head")
        }
        let lines = String(decoding: bytes[bytes.startIndex..<head.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") }
        guard let name = disposition.flatMap(fieldName) else { throw damaged("has a field without a name") }
        return Part(name: name, contents: Data(bytes[head.upperBound...]))
    }

    /// `form-data; name="entries"; filename="x"`; a quoted value may have semicolons and escaped quotes.
    private static func fieldName(_ line: String) -> String? {
        var rest = Substring(line)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop(while: \.isWhitespace)
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let key = rest[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let letter = rest.popFirst(), letter != "\"" {
                    if letter == "\\", let next = rest.popFirst() { value.append(next) } else { value.append(letter) }
                }
            } else {
                value = rest.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
            }
            if key == "name" { return value }
        }
        return nil
    }
}
