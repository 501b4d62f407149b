import CLIP
import CLIPTraining

/// What to type where a library says what is wrong: it knows facts, and the command its options.
enum Advice {
    /// An error's facts, then what to type.
    static func message(of error: any Error) -> String {
        let advice =
            switch error {
            case let error as CLIPError: error.advice
            case let error as TrainingError: error.advice
            default: nil as String?
            }
        return ["\(error)", advice].compactMap { $0 }.joined(separator: " ")
    }
}

extension CLIPError {
    /// Nil where the error says all.
    var advice: String? {
        switch self {
        case .notDownloaded(let name): "Fetch it with: clip download \(name)"
        case .weightsNeeded:
            "Add --weights FILE, name a model directory, or fetch a model with \"clip download\"."
        case .notAModel: "Give a weights file with --weights."
        case .weightsMismatch: "Choose the --model they were made for."
        case .unknownLayout: "Look at it with \"clip inspect\"."
        case .architectureNeeded(_, _, let choices):
            choices.isEmpty
                ? "Give --model, with a name of \"clip models\" or a JSON configuration."
                : "Give --model \(choices.joined(separator: " or --model "))."
        case .embeddingFile, .undescribedVectors: "Make the vectors anew with \"clip embed\"."
        case .deviceUnavailable: "Use --device cpu."
        default: nil
        }
    }
}
