import Foundation
import StrictJSON

/// One JSON object of a configuration file, read strictly: a key that nobody asked for and that is not switched off is
/// refused, because ignoring it would give other numbers without a word.
package struct ConfigurationObject {
    let source: String
    private let path: String
    private let values: [String: JSONValue]
    private let asked = AskedKeys()

    private final class AskedKeys { var names: Set<String> = [] }

    init(_ data: Data, source: String) throws {
        let parsed: JSONValue
        do throws(JSONFault) {
            parsed = try JSONValue(data)
        } catch {
            throw CLIPError.configuration(
                source: source, key: "file", problem: "it is not valid JSON: \(error.reason) at byte \(error.place)")
        }
        guard let values = parsed.object else {
            throw CLIPError.configuration(source: source, key: "file", problem: "a JSON object is needed")
        }
        self.init(values, source: source, path: "")
    }

    private init(_ values: [String: JSONValue], source: String, path: String) {
        self.values = values
        self.source = source
        self.path = path
    }

    var keys: [String] { values.keys.sorted() }

    func has(_ key: String) -> Bool { values[key].map { $0 != .null } ?? false }

    func isObject(_ key: String) -> Bool { values[key]?.object != nil }

    func object(_ key: String) throws -> ConfigurationObject {
        guard let inner = try value(key)?.object else { throw problem(key, "an object is needed") }
        return ConfigurationObject(inner, source: source, path: path + key + ".")
    }

    /// An object whose values another one beside it replaces, where there is one.
    func object(_ key: String, replacedBy other: String) throws -> ConfigurationObject {
        guard let replacing = try value(other)?.object else { return try object(key) }
        let base = try value(key)?.object ?? [:]
        return ConfigurationObject(base.merging(replacing) { $1 }, source: source, path: path + key + ".")
    }

    /// A whole number of at least 1 and at most a million: every size of a model is one.
    func size(_ key: String, default fallback: Int? = nil) throws -> Int {
        guard let found = try value(key) else {
            guard let fallback else { throw problem(key, "it is missing") }
            return fallback
        }
        guard let number = found.integer, (1...1_000_000).contains(number) else {
            throw problem(key, "a whole number from 1 to 1000000 is needed")
        }
        return number
    }

    /// A whole number from 0 to a billion, such as a token's id; nil where there is none.
    func natural(_ key: String) throws -> Int? {
        guard let found = try value(key) else { return nil }
        guard let number = found.integer, (0...1_000_000_000).contains(number) else {
            throw problem(key, "a whole number from 0 to 1000000000 is needed")
        }
        return number
    }

    /// Several sizes; nil where the key is missing or holds a single number.
    func sizes(_ key: String) throws -> [Int]? {
        guard let list = try value(key)?.array else { return nil }
        let sizes = list.compactMap(\.integer)
        guard sizes.count == list.count, sizes.allSatisfy({ (1...1_000_000).contains($0) }) else {
            throw problem(key, "whole numbers from 1 to 1000000 are needed")
        }
        return sizes
    }

    /// A size written as one number or as two equal ones.
    func squareSize(_ key: String, default fallback: Int) throws -> Int {
        if let pair = try value(key)?.array {
            guard pair.count == 2, let height = pair[0].integer, pair[1].integer == height,
                (1...1_000_000).contains(height)
            else { throw problem(key, "one number, or two equal ones, is needed") }
            return height
        }
        return try size(key, default: fallback)
    }

    func real(_ key: String, default fallback: Double) throws -> Double {
        guard let found = try value(key) else { return fallback }
        guard let number = found.number else { throw problem(key, "a number is needed") }
        return number
    }

    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        guard let found = try value(key) else { return fallback }
        guard let flag = found.bool else { throw problem(key, "true or false is needed") }
        return flag
    }

    func string(_ key: String, default fallback: String) throws -> String {
        guard let found = try value(key) else { return fallback }
        guard let string = found.string else { throw problem(key, "a string is needed") }
        return string
    }

    /// A list of strings; empty where there is none.
    func strings(_ key: String) throws -> [String] {
        guard let found = try value(key) else { return [] }
        let strings = (found.array ?? []).compactMap(\.string)
        guard strings.count == found.array?.count else { throw problem(key, "a list of strings is needed") }
        return strings
    }

    func reals(_ key: String, count: Int, default fallback: [Double]) throws -> [Double] {
        guard let found = try value(key) else { return fallback }
        let numbers = (found.array ?? []).compactMap(\.number)
        guard numbers.count == count, found.array?.count == count else {
            throw problem(key, "\(count) numbers are needed")
        }
        return numbers
    }

    /// Refuses every key that was not asked for, unless its value switches the feature off.
    func refuseOthers(except allowed: [String: String] = [:]) throws {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !asked.names.contains(key) {
            if isOff(value) { continue }
            if let accepted = allowed[key], value.string == accepted { continue }
            throw problem(key, "this setting is not supported, and leaving it out would change the model's numbers")
        }
    }

    func problem(_ key: String, _ text: String) -> CLIPError {
        .configuration(source: source, key: path + key, problem: text)
    }

    private func value(_ key: String) throws -> JSONValue? {
        asked.names.insert(key)
        return values[key].flatMap { $0 == .null ? nil : $0 }
    }

    private func isOff(_ value: JSONValue) -> Bool { [.null, .bool(false), .number(0)].contains(value) }
}
