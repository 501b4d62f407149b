import Foundation

/// One JSON object of a configuration file, read strictly: a key that nobody asked for and that is not switched off is
/// refused, because ignoring it would give other numbers without a word.
package struct ConfigurationObject {
    let source: String
    private let path: String
    private let values: [String: Any]
    private let asked = AskedKeys()

    private final class AskedKeys { var names: Set<String> = [] }

    init(_ data: Data, source: String) throws {
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw CLIPError.configuration(source: source, key: "file", problem: "it is not valid JSON")
        }
        guard let values = parsed as? [String: Any] else {
            throw CLIPError.configuration(source: source, key: "file", problem: "a JSON object is needed")
        }
        self.init(values, source: source, path: "")
    }

    private init(_ values: [String: Any], source: String, path: String) {
        self.values = values
        self.source = source
        self.path = path
    }

    var keys: [String] { values.keys.sorted() }

    func has(_ key: String) -> Bool { values[key].map { !($0 is NSNull) } ?? false }

    func isObject(_ key: String) -> Bool { values[key] is [String: Any] }

    func object(_ key: String) throws -> ConfigurationObject {
        guard let inner = try value(key) as? [String: Any] else { throw problem(key, "an object is needed") }
        return ConfigurationObject(inner, source: source, path: path + key + ".")
    }

    /// An object whose values another one beside it replaces, where there is one.
    func object(_ key: String, replacedBy other: String) throws -> ConfigurationObject {
        guard let replacing = try value(other) as? [String: Any] else { return try object(key) }
        let base = try value(key) as? [String: Any] ?? [:]
        return ConfigurationObject(base.merging(replacing) { $1 }, source: source, path: path + key + ".")
    }

    /// A whole number of at least 1 and at most a million: every size of a model is one.
    func size(_ key: String, default fallback: Int? = nil) throws -> Int {
        guard let found = try value(key) else {
            guard let fallback else { throw problem(key, "it is missing") }
            return fallback
        }
        guard let number = exactInteger(found), (1...1_000_000).contains(number) else {
            throw problem(key, "a whole number from 1 to 1000000 is needed")
        }
        return number
    }

    /// A whole number from 0 to a billion, such as a token's id; nil where there is none.
    func natural(_ key: String) throws -> Int? {
        guard let found = try value(key) else { return nil }
        guard let number = exactInteger(found), (0...1_000_000_000).contains(number) else {
            throw problem(key, "a whole number from 0 to 1000000000 is needed")
        }
        return number
    }

    /// Several sizes; nil where the key is missing or holds a single number.
    func sizes(_ key: String) throws -> [Int]? {
        guard let list = try value(key) as? [Any] else { return nil }
        let sizes = list.compactMap(exactInteger)
        guard sizes.count == list.count, sizes.allSatisfy({ (1...1_000_000).contains($0) }) else {
            throw problem(key, "whole numbers from 1 to 1000000 are needed")
        }
        return sizes
    }

    /// A size written as one number or as two equal ones.
    func squareSize(_ key: String, default fallback: Int) throws -> Int {
        if let pair = try value(key) as? [Any] {
            guard pair.count == 2, let height = exactInteger(pair[0]), let width = exactInteger(pair[1]),
                height == width, (1...1_000_000).contains(height)
            else { throw problem(key, "one number, or two equal ones, is needed") }
            return height
        }
        return try size(key, default: fallback)
    }

    func real(_ key: String, default fallback: Double) throws -> Double {
        guard let found = try value(key) else { return fallback }
        guard let number = found as? NSNumber, !isBoolean(number), number.doubleValue.isFinite else {
            throw problem(key, "a number is needed")
        }
        return number.doubleValue
    }

    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        guard let found = try value(key) else { return fallback }
        guard let number = found as? NSNumber, isBoolean(number) else { throw problem(key, "true or false is needed") }
        return number.boolValue
    }

    func string(_ key: String, default fallback: String) throws -> String {
        guard let found = try value(key) else { return fallback }
        guard let string = found as? String else { throw problem(key, "a string is needed") }
        return string
    }

    func reals(_ key: String, count: Int, default fallback: [Double]) throws -> [Double] {
        guard let found = try value(key) else { return fallback }
        guard let list = found as? [NSNumber], list.count == count, list.allSatisfy({ $0.doubleValue.isFinite }) else {
            throw problem(key, "\(count) numbers are needed")
        }
        return list.map(\.doubleValue)
    }

    /// Refuses every key that was not asked for, unless its value switches the feature off.
    func refuseOthers(except allowed: [String: String] = [:]) throws {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !asked.names.contains(key) {
            if isOff(value) { continue }
            if let accepted = allowed[key], (value as? String) == accepted { continue }
            throw problem(key, "this setting is not supported, and leaving it out would change the model's numbers")
        }
    }

    func problem(_ key: String, _ text: String) -> CLIPError {
        .configuration(source: source, key: path + key, problem: text)
    }

    private func value(_ key: String) throws -> Any? {
        asked.names.insert(key)
        guard let value = values[key], !(value is NSNull) else { return nil }
        return value
    }

    private func isOff(_ value: Any) -> Bool {
        if value is NSNull { return true }
        if let number = value as? NSNumber { return number.doubleValue == 0 }
        return false
    }
}

private func isBoolean(_ number: NSNumber) -> Bool {
    // JSON's true and false are the only numbers that Foundation stores as characters.
    String(cString: number.objCType) == "c" || String(cString: number.objCType) == "B"
}

private func exactInteger(_ value: Any) -> Int? {
    guard let number = value as? NSNumber, !isBoolean(number) else { return nil }
    return Int(exactly: number.doubleValue)
}
