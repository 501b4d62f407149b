import Foundation

/// How results are written as JSON: keys in snake case but for those such as `R@1`, numbers as they are.
package enum ResultCoding {
    /// For people: sorted and indented.
    package static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .custom { path in Key(snake(path.last?.stringValue ?? "")) }
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }

    /// Reads what ``encoder()`` wrote.
    package static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            let name = path.last?.stringValue ?? ""
            return Key(path.last?.intValue == nil ? camel(name) : name)
        }
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    static func snake(_ name: String) -> String {
        guard !name.contains("@") else { return name }
        return name.reduce(into: "") { text, character in
            if character.isUppercase, !text.isEmpty { text += "_" }
            text += character.lowercased()
        }
    }

    static func camel(_ name: String) -> String {
        guard !name.contains("@"), name.contains("_") else { return name }
        let parts = name.split(separator: "_")
        return parts.dropFirst().reduce(into: String(parts.first ?? "")) { text, part in
            text += part.prefix(1).uppercased() + part.dropFirst()
        }
    }
}
