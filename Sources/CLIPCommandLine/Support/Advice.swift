import ArgumentParser
import CLIP
import CLIPSearch
import CLIPTraining
import Files
import Imaging

/// What to type where a library says what is wrong: it knows facts, and the command its options.
struct Advice {
    /// The command that failed; nil where any may have.
    private let command: (any ParsableCommand.Type)?

    /// An error's facts, then what to type.
    /// - Parameter command: the command that failed: what it has just done is not advised, nor an option that it has not.
    static func message(of error: any Error, in command: (any ParsableCommand.Type)? = nil) -> String {
        let advice = Advice(command: command)
        let typed: String? =
            switch error {
            case let error as CLIPError: advice.text(for: error)
            case let error as ImagingError: advice.text(for: error)
            case let error as SearchError: advice.text(for: error)
            case let error as EmbeddingFolderError: advice.text(for: error)
            case let error as TrainingError: error.advice
            default: nil
            }
        let facts = "\(error)"
        guard let typed = typed ?? advice.textForFile(of: error) else { return facts }
        return facts + (facts.last.map(".?!".contains) == true ? " " : ". ") + typed
    }

    private func isIn(_ other: any ParsableCommand.Type) -> Bool { command == other }

    /// Whether the command takes an option.
    private func takes(_ option: String) -> Bool {
        guard let command else { return true }
        return command.helpMessage(columns: 200).contains("\(option) <")
    }

    /// Nil where the error says all.
    private func text(for error: CLIPError) -> String? {
        switch error {
        case .notDownloaded(let name): return "Fetch it with: clip download \(name)"
        case .unknownModel(_, let suggestions):
            return suggestions.isEmpty && !isIn(ModelsCommand.self) ? "See \"clip models\" for names." : nil
        case .weightsNeeded:
            let fetching = isIn(DownloadCommand.self) ? "" : ", or fetch a model with \"clip download\""
            return takes("--weights")
                ? "Add --weights FILE, name a model directory\(fetching)." : "Name a model directory\(fetching)."
        case .notAModel:
            if isIn(InspectCommand.self) { return "Leave out --model to find out what a weights file is." }
            return takes("--weights") ? "Give a weights file with --weights." : nil
        case .weightsMismatch: return takes("--model") ? "Choose the --model they were made for." : nil
        case .unknownLayout:
            return isIn(InspectCommand.self) ? "It is no model of CLIP's kind." : "Look at it with \"clip inspect\"."
        case .foreignDirectory(_, _, .bareWeights(let file)):
            if isIn(InspectCommand.self) { return "Give the file itself." }
            return takes("--weights") ? "Give that file with --weights (\(file)) and the architecture's name." : nil
        case .architectureNeeded(_, _, let choices):
            guard takes("--model") else { return nil }
            return choices.isEmpty
                ? "Give --model, with a name of \"clip models\" or a JSON configuration."
                : "Give --model \(choices.joined(separator: " or --model "))."
        case .embeddingFile, .undescribedVectors:
            return isIn(EmbedCommand.self) ? nil : "Make the vectors anew with \"clip embed\"."
        case .deviceUnavailable: return takes("--device") ? "Use --device cpu." : nil
        case .unavailablePrecision: return takes("--precision") ? "Use --precision auto." : nil
        default: return nil
        }
    }

    private func text(for error: SearchError) -> String? {
        switch error {
        case .noIndex: return "Make one with: clip index add FOLDER"
        case .spacesDiffer: return "Give the model that made it with --model, or another place with --index."
        default: return nil
        }
    }

    private func text(for error: EmbeddingFolderError) -> String? {
        switch error {
        case .missing(_, nil): return "Make one with: clip embed --images FOLDER --output OUT"
        case .missing(let path, let shard), .unfinished(let path, let shard, _):
            let option = shard.map { " --shard \($0.index)/\($0.count)" } ?? ""
            return "Run the same command as for the others: clip embed … --output \(path)\(option)"
        default: return nil
        }
    }

    private func text(for error: ImagingError) -> String? {
        guard case .tooMuchMemory = error, takes("--max-picture-memory") else { return nil }
        return "Allow more with --max-picture-memory, such as 8GB."
    }

    /// How to get the file that a pointer stands for.
    private func textForFile(of error: any Error) -> String? {
        guard case .pointer(let kind, _)? = FileFault(in: error)?.cause else { return nil }
        switch kind {
        case .gitLFS: return "Fetch it, in its repository, with: git lfs pull"
        case .gitAnnex: return "Fetch it, in its repository, with: git annex get"
        }
    }
}
