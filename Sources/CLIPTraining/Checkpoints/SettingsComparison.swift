import Foundation

/// A setting that is not what it was.
public struct SettingDifference: Sendable, Equatable, CustomStringConvertible {
    /// In plain words, as in "learning rate".
    public let name: String
    public let before: String
    public let now: String

    public var description: String { "\(name): \(before) then, \(now) now" }
}

/// Compares settings one by one, so that a message can name each that differs.
enum SettingsComparison {
    /// - Parameter ignoring: names of settings, or groups of them, as the type spells them, that may differ.
    static func differences<Settings: Encodable>(
        _ before: Settings, _ now: Settings, ignoring: Set<String> = []
    ) throws -> [SettingDifference] {
        let (old, new) = (try values(before), try values(now))
        return Set(old.keys).union(new.keys).sorted().compactMap { key in
            let (left, right) = (old[key] ?? "none", new[key] ?? "none")
            let parts = key.split(separator: ".").map(String.init)
            if left == right || parts.contains(where: ignoring.contains) { return nil }
            return SettingDifference(name: parts.map(words).joined(separator: ", "), before: left, now: right)
        }
    }

    private static func values(_ settings: some Encodable) throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var flat: [String: String] = [:]
        try flatten(JSONSerialization.jsonObject(with: encoder.encode(settings)), key: "", into: &flat)
        return flat
    }

    private static func flatten(_ value: Any, key: String, into flat: inout [String: String]) throws {
        switch value {
        case let object as [String: Any]:
            for (name, part) in object { try flatten(part, key: key.isEmpty ? name : "\(key).\(name)", into: &flat) }
        case let list as [Any]:
            let data = try JSONSerialization.data(withJSONObject: list, options: [.fragmentsAllowed])
            flat[key] = String(decoding: data, as: UTF8.self)
        case is NSNull: break
        default: flat[key] = "\(value)"
        }
    }

    /// `learningRate` as "learning rate".
    private static func words(_ name: String) -> String {
        name.reduce(into: "") { text, letter in
            if letter.isUppercase { text += " " + letter.lowercased() } else { text.append(letter) }
        }
    }
}
