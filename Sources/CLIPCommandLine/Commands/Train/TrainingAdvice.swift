import CLIPTraining

/// What to type, where training has stopped or warns: the library knows facts, and the command its options.
extension TrainingError {
    /// Nil where the error says all.
    var advice: String? {
        switch self {
        case .nothingToResume: "Start the run without --resume."
        case .damagedCheckpoints: "Start the run anew, with another --output."
        case .runExists(let path): "Continue it with --resume \(path), or choose another --output."
        case .noMetrics: "Name a directory that clip train wrote."
        case .cannotWrite(_, _, _, let lastGood) where lastGood != nil: "Make room and go on with --resume."
        case .diverged: "The gradient's norm is bounded with --gradient-norm 1."
        case .otherSettings(_, let differences): Self.advice(differences)
        case .notLearned(_, _, _, _, let repeatedCaptions) where repeatedCaptions > 0:
            "--exclude-duplicate-captions takes equal captions out of each other's way."
        default: nil
        }
    }

    /// The options that decide what differs.
    private static func advice(_ differences: [SettingDifference]) -> String {
        let options = TrainCommand.keys.filter { key in
            differences.contains { difference in
                key.decides.contains { difference.setting == $0 || difference.setting.hasPrefix($0 + ".") }
            }
        }
        let names = options.map { "--" + $0.name }.joined(separator: ", ")
        return "A setting is changed on purpose with --allow-change and its name"
            + (names.isEmpty ? "." : "; here one of \(names).")
    }
}

extension TrainingWarning {
    /// What to type to find the cause.
    var advice: String? {
        switch kind {
        case .lossAtChance: "One batch alone is trained on with --overfit-one-batch."
        case .collapsedEmbeddings:
            "The gradient's norm is bounded with --gradient-norm 1; one batch alone is trained on with "
                + "--overfit-one-batch."
        case .temperatureAtClamp: nil
        }
    }
}
