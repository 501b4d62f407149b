import ArgumentParser

/// How a terminal shows pictures.
enum PreviewKind: String, ExpressibleByArgument, CaseIterable {
    /// Whatever the environment tells.
    case auto
    /// kitty's graphics protocol.
    case kitty
    /// iTerm2's inline pictures, also WezTerm's and mintty's.
    case iterm
    /// DEC's, which many terminals have.
    case sixel
    /// Half blocks in 24-bit color, on any terminal that has these.
    case blocks

    /// What a terminal understands, by its environment's variables; nil for one that shows no colors. Nothing is asked of
    /// the terminal itself: an answer that does not come would have to be waited for.
    static func found(in environment: [String: String]) -> PreviewKind? {
        func text(_ name: String) -> String { environment[name] ?? "" }
        let (term, program) = (text("TERM"), text("TERM_PROGRAM"))
        if term.isEmpty || term == "dumb" { return nil }
        if isMultiplexed(environment) {
            // What is outside is known where a variable says it that programs inside keep. kitty's pictures would need
            // placeholders in the text.
            return text("LC_TERMINAL") == "iTerm2" ? .iterm : .blocks
        }
        if environment["KITTY_WINDOW_ID"] != nil || term.contains("kitty") || term.contains("ghostty")
            || program == "ghostty"
        {
            return .kitty
        }
        if ["iTerm.app", "WezTerm", "mintty"].contains(program) || text("LC_TERMINAL") == "iTerm2" { return .iterm }
        if let version = Int(text("KONSOLE_VERSION")), version >= 220_400 { return .sixel }
        if ["foot", "mlterm", "contour", "sixel", "yaft"].contains(where: term.hasPrefix) { return .sixel }
        return .blocks
    }

    /// Whether tmux or screen stands between a program and its terminal.
    static func isMultiplexed(_ environment: [String: String]) -> Bool {
        let term = environment["TERM"] ?? ""
        return environment["TMUX"] != nil || term.hasPrefix("tmux") || term.hasPrefix("screen")
    }
}
