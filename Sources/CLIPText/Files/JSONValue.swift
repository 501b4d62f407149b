/// A JSON value of modest size. Vocabularies do not become values: ``JSONReader`` hands them out as it reads.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The number, where it is whole and fits 32 bits.
    var integer: Int32? { if case .number(let value) = self { Int32(exactly: value) } else { nil } }

    /// The text of a special token: a string, or an object with its `content`.
    var tokenText: String? { string ?? self["content"]?.string }
}
