/// A JSON value of modest size. Vocabularies and headers do not become values: ``JSONReader`` hands them out as it reads.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The only value in a text.
    /// - Throws: ``JSONFault`` where the text is no JSON, or goes on after it.
    package init(_ bytes: some Sequence<UInt8>) throws(JSONFault) {
        var reader = try JSONReader(Array(bytes))
        self = try reader.readValue()
        try reader.finish()
    }

    package subscript(key: String) -> JSONValue? { object?[key] }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var number: Double? { if case .number(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }

    /// The number, where it is whole.
    package var integer: Int? { number.flatMap { Int(exactly: $0) } }
}
