import CLIPTraining

/// What an option of a group is to a run: its name, its place in the settings, and whether it may change on the way.
struct SettingKey<Group> {
    /// As it is spelled, without dashes.
    let name: String
    /// Whether a run that goes on takes a new value without a word: it says where and how, and nothing of what is
    /// trained.
    private(set) var isFree = false
    /// Whether its value may be a path, which is relative to where the run began.
    private(set) var isPath = false
    /// What it decides in a `TrainingConfiguration`, as `SettingDifference.setting` names it.
    private(set) var decides: [String] = []
    /// Options with the same place, of which one stands in for the other.
    private(set) var rivals: [String] = []
    /// Puts the value in its place, where it was given.
    /// - Returns: whether it was.
    let apply: (Group, inout TrainingSettings) -> Bool
    /// What to say of a value that is not the one a run began with; nil where they agree.
    let contradiction: (_ before: TrainingSettings, _ now: TrainingSettings) -> String?

    /// An option whose setting always has a value.
    init<Value: Equatable>(
        _ name: String, _ place: WritableKeyPath<TrainingSettings, Value>, decides: String...,
        value: @escaping (Group) -> Value?
    ) {
        self.name = name
        self.decides = decides
        apply = { group, settings in
            guard let value = value(group) else { return false }
            settings[keyPath: place] = value
            return true
        }
        contradiction = { before, now in
            let (before, now) = (before[keyPath: place], now[keyPath: place])
            return before == now ? nil : "--\(name) \(Self.text(before)) then, \(Self.text(now)) now"
        }
    }

    /// An option whose setting is nil until it is given. Given now for the first time it may say what followed from the
    /// rest before: where it decides something of the configuration, that is compared instead.
    init<Value: Equatable>(
        _ name: String, optional place: WritableKeyPath<TrainingSettings, Value?>, decides: String...,
        value: @escaping (Group) -> Value?
    ) {
        let isJudgedLater = !decides.isEmpty
        self.name = name
        self.decides = decides
        apply = { group, settings in
            guard let value = value(group) else { return false }
            settings[keyPath: place] = value
            return true
        }
        contradiction = { before, now in
            let (before, now) = (before[keyPath: place], now[keyPath: place])
            if before == now || before == nil && isJudgedLater { return nil }
            let texts = [before, now].map { value in value.map { Self.text($0) } ?? "none" }
            return "--\(name) \(texts[0]) then, \(texts[1]) now"
        }
    }

    private init(
        _ name: String, apply: @escaping (Group, inout TrainingSettings) -> Bool,
        contradiction: @escaping (TrainingSettings, TrainingSettings) -> String?
    ) {
        (self.name, self.apply, self.contradiction) = (name, apply, contradiction)
    }

    /// An option of this one call, which no run remembers.
    static func momentary(_ name: String) -> SettingKey {
        var key = SettingKey(name, apply: { _, _ in false }, contradiction: { _, _ in nil })
        key.isFree = true
        return key
    }

    /// The length in epochs or in steps, of which each stands in for the other.
    static func length(
        _ name: String, instead rival: String, of other: @escaping (TrainingSettings) -> Int?,
        at place: @escaping (TrainingSettings) -> Int?,
        set: @escaping (Int, inout TrainingSettings) -> Void, value: @escaping (Group) -> Int?
    ) -> SettingKey {
        var key = SettingKey(
            name,
            apply: { group, settings in
                guard let value = value(group) else { return false }
                set(value, &settings)
                return true
            },
            contradiction: { before, now in
                guard let now = place(now) else { return nil }
                if let before = place(before) { return before == now ? nil : "--\(name) \(before) then, \(now) now" }
                return other(before).map { "--\(rival) \($0) then, --\(name) now" }
            })
        key.decides = ["totalSteps"]
        key.rivals = [rival]
        return key
    }

    func isGiven(in group: Group) -> Bool {
        var settings = TrainingSettings()
        return apply(group, &settings)
    }

    var free: SettingKey { with { $0.isFree = true } }
    var path: SettingKey { with { $0.isPath = true } }
    /// What else it decides, where its own value is compared all the same.
    func deciding(_ settings: String...) -> SettingKey { with { $0.decides += settings } }
    func rivaling(_ names: String...) -> SettingKey { with { $0.rivals = names } }

    private func with(_ change: (inout SettingKey) -> Void) -> SettingKey {
        var key = self
        change(&key)
        return key
    }

    /// The same key of what holds the group.
    func of<Whole>(_ group: KeyPath<Whole, Group>) -> SettingKey<Whole> {
        let apply = apply
        var key = SettingKey<Whole>(
            name, apply: { apply($0[keyPath: group], &$1) }, contradiction: contradiction)
        key.isFree = isFree
        key.isPath = isPath
        key.decides = decides
        key.rivals = rivals
        return key
    }

    private static func text(_ value: some Any) -> String {
        switch value {
        case let value as Bool: value ? "yes" : "no"
        case let value as any RawRepresentable<String>: value.rawValue
        default: "\(value)"
        }
    }
}

extension Given {
    /// The default that training has.
    init(_ place: KeyPath<TrainingSettings, Value>) { self.init(TrainingSettings()[keyPath: place]) }
}

/// Options that are settings of a run.
protocol SettingOptions {
    static var keys: [SettingKey<Self>] { get }
}

extension SettingOptions {
    /// These settings, with what was given in its place.
    func applied(to settings: TrainingSettings = TrainingSettings()) -> TrainingSettings {
        var settings = settings
        for key in Self.keys { _ = key.apply(self, &settings) }
        return settings
    }
}
