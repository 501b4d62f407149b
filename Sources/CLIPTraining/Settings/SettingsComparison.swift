import Foundation

/// A setting that is not what it was.
public struct SettingDifference: Sendable, Equatable, CustomStringConvertible {
    /// Where it is, as ``TrainingConfiguration`` codes it: `techniques.imageTower.learningRate`.
    public let setting: String
    /// The value the run began with, for people; "none" where it had none.
    public let before: String
    /// The value asked for now, likewise.
    public let now: String

    /// With the name in plain words: `learning rate: 0.1 then, 0.2 now`.
    public var description: String {
        let name = setting.split(separator: ".").map(Self.words).joined(separator: ", ")
        return "\(name): \(before) then, \(now) now"
    }

    /// `learningRate` as "learning rate".
    private static func words(_ name: Substring) -> String {
        name.reduce(into: "") { text, letter in
            if letter.isUppercase { text += " " + letter.lowercased() } else { text.append(letter) }
        }
    }
}

/// Settings one by one: each value by the names that lead to it, with dots between them.
enum SettingsComparison {
    /// - Parameter ignoring: settings, or groups of them, that may differ.
    static func differences<Settings: Encodable>(
        _ before: Settings, _ now: Settings, ignoring: Set<String> = []
    ) throws -> [SettingDifference] {
        let (old, new) = (try values(before), try values(now))
        return Set(old.keys).union(new.keys).sorted().compactMap { key in
            let (left, right) = (old[key] ?? "none", new[key] ?? "none")
            if left == right || ignoring.contains(where: { key == $0 || key.hasPrefix($0 + ".") }) { return nil }
            return SettingDifference(setting: key, before: left, now: right)
        }
    }

    /// Every value for people.
    static func values(_ settings: some Encodable) throws -> [String: String] {
        var flat: [String: String] = [:]
        try flatten(JSONSerialization.jsonObject(with: JSONEncoder().encode(settings)), under: "", into: &flat)
        return flat
    }

    private static func flatten(_ value: Any, under name: String, into flat: inout [String: String]) {
        switch value {
        // A choice without anything more to say is one of its name.
        case let object as [String: Any] where object.isEmpty: flat[name] = "yes"
        case let object as [String: Any]:
            for (key, member) in object { flatten(member, under: name.isEmpty ? key : "\(name).\(key)", into: &flat) }
        case let list as [Any]: flat[name] = list.map(text).joined(separator: " to ")
        case is NSNull: break
        default: flat[name] = text(value)
        }
    }

    private static func text(_ value: Any) -> String {
        guard let number = value as? NSNumber else { return "\(value)" }
        // JSON's truth values are numbers too, of the type of C's.
        if String(cString: number.objCType) == "c" { return number.boolValue ? "yes" : "no" }
        return "\(number)"
    }
}
