import Files
import ModelHub
import TorchNN

/// What can go wrong between a user's files and a model's answer.
public enum CLIPError: Error, Sendable, Equatable {
    /// A file or directory that was asked for is not there or may not be read.
    case missingInput(path: String, hint: String)
    /// A name that is neither a built-in model nor a directory; the names that are nearest to it, the nearest first.
    case unknownModel(name: String, suggestions: [String])
    /// A published model whose architecture is not read; nothing of it was fetched.
    case unreadArchitecture(name: String, reason: String)
    /// A hub's model that is not in the cache.
    case notDownloaded(name: String)
    /// A model was named without weights, and it has none of its own.
    case weightsNeeded(model: String)
    /// A directory without a model that is read, which holds something else.
    case foreignDirectory(path: String, missing: String, holds: ForeignFiles)
    /// A file that is neither a configuration nor a directory of one.
    case notAModel(path: String)
    /// A configuration file says something that cannot be used.
    case configuration(source: String, key: String, problem: String)
    /// A weights file does not belong to the model.
    case weightsMismatch(path: String, model: String, StateMismatch)
    /// A weights file whose names are none that are known.
    case unknownLayout(path: String, examples: [String])
    /// A weights file that does not say by itself which model it is.
    case architectureNeeded(path: String, reason: String, choices: [String])
    /// Weights whose maker is known, for a model that computes something else.
    case activationMismatch(path: String, model: String, problem: String)
    /// A weights file holds values that are infinite or not numbers.
    case nonFiniteWeights(path: String, key: String)
    /// A file of vectors, or its description, that cannot be used.
    case embeddingFile(path: String, problem: String)
    /// Vectors without the file that says which model made them.
    case undescribedVectors(FileFault)
    /// Vectors of two spaces, which mean nothing to one another.
    case spacesDiffer(left: String, right: String, differences: [String])
    /// A picture cannot be brought to the model's size.
    case picture(name: String, problem: String)
    /// Pictures, texts or views from which no gradient can be had.
    case guidance(problem: String)
    /// A prompt template without a place for the label.
    case template(String)
    /// A sentence so long that nothing of its label is read.
    case labelCutAway(template: String, label: String, tokens: Int, contextLength: Int)
    /// No labels, captions or other inputs to choose from.
    case emptyChoices(what: String)
    /// Something this machine cannot do.
    case deviceUnavailable(String)
    /// A model that another layout cannot express.
    case unsupportedConversion(what: String)
    /// Models between which there is no average.
    case averaging(problem: String)
    /// Pictures were given to a model that reads none, or something that a pair of towers has was asked of it.
    case noImageTower
    /// Texts were given to a model that reads none, or something that a pair of towers has was asked of it.
    case noTextTower
    /// Captions were asked of a model that has no decoder to write them.
    case noCaptionDecoder
    /// A precision that this machine or device has no code for.
    case unavailablePrecision(InferencePrecision, reason: String)
    /// A setting that cannot be heeded, such as a variable of the environment.
    case setting(name: String, value: String, reason: String)
    /// A file could not be read or written; the hint says what the file is for.
    case file(FileFault, hint: String = "")
}

extension CLIPError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missingInput(let path, let hint):
            "\(path): no such file or directory, or it may not be read. \(hint)"
        case .unknownModel(let name, let suggestions):
            "\(name): neither a directory nor a known model."
                + (suggestions.isEmpty ? "" : " Did you mean \(suggestions.joinedAsChoice())?")
        case .unreadArchitecture(let name, let reason):
            "\(name): this model cannot be read: \(reason). Nothing was fetched."
        case .notDownloaded(let name):
            "\(name): this model is not on this machine."
        case .weightsNeeded(let model):
            "\(model): this gives an architecture without weights."
        case .foreignDirectory(let path, let missing, let holds):
            "\(path): there is no \(missing) here. It holds \(holds)."
        case .notAModel(let path):
            "\(path): this is no model: a model is a directory, a name, or a .json configuration."
        case .configuration(let source, let key, let problem):
            "\(source): \(key): \(problem)"
        case .weightsMismatch(let path, let model, let mismatch):
            "\(path): these weights do not belong to \(model). \(mismatch)."
        case .unknownLayout(let path, let examples):
            "\(path): its tensors (\(examples.isEmpty ? "none" : examples.joined(separator: ", ") + ", …")) are named like "
                + "no model known here."
        case .architectureNeeded(let path, let reason, let choices):
            "\(path): \(reason). Which model it is has to be said"
                + (choices.isEmpty ? "." : ": \(choices.joined(separator: " or ")).")
        case .activationMismatch(let path, let model, let problem):
            "\(path): \(problem), and \(model) computes something else."
        case .nonFiniteWeights(let path, let key):
            "\(path): \(key) holds values that are infinite or not numbers. The file is damaged, or its training diverged."
        case .embeddingFile(let path, let problem):
            "\(path): \(problem)."
        case .undescribedVectors(let fault):
            "\(fault). It says which model made the vectors; without it they cannot be compared safely."
        case .spacesDiffer(let left, let right, let differences):
            "\(left) and \(right) hold vectors of different spaces, which cannot be compared. They differ in "
                + differences.joined(separator: "; ") + ". Make both with one model."
        case .picture(let name, let problem):
            "\(name): \(problem)"
        case .guidance(let problem):
            "guidance: \(problem)"
        case .template(let template):
            "template \"\(template)\": it has no {} for the label to stand in. Write for example \"a photo of a {}\"."
        case .labelCutAway(let template, let label, let tokens, let contextLength):
            "the template \"\(template.prefix(80))\(template.count > 80 ? "…" : "")\" leaves no room for its label: with "
                + "\"\(label.prefix(80))\" it has \(tokens) tokens, and the model reads \(contextLength). Shorten it, or put {} "
                + "nearer to the beginning."
        case .emptyChoices(let what):
            "no \(what) given: give at least one that is not empty."
        case .deviceUnavailable(let device):
            "device \(device) cannot be used here: this libtorch or this machine has none."
        case .unavailablePrecision(let precision, let reason):
            "\(precision.rawValue) cannot be computed here: \(reason)."
        case .unsupportedConversion(let what):
            "this model has \(what). Keep the layout it came in."
        case .averaging(let problem):
            "no average: \(problem). Give fine-tunings of one model."
        case .noImageTower:
            "this model is a text tower alone: it reads no pictures, and compares texts with none."
        case .noTextTower:
            "this model is an image tower alone: it reads no texts, and compares pictures with none."
        case .noCaptionDecoder:
            "this model cannot write captions: it has no caption decoder. Choose a CoCa model."
        case .setting(let name, let value, let reason):
            "\(name): \(value) cannot be used: \(reason)"
        case .file(let fault, let hint):
            hint.isEmpty || fault.isPointer ? "\(fault)" : "\(fault). \(hint)"
        }
    }
}

extension CLIPError {
    /// Lets a failure to read or write a file be one of this library's errors.
    package static func wrapping<R>(hint: String = "", _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let fault as FileFault {
            throw CLIPError.file(fault, hint: hint)
        }
    }
}

extension CLIPError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        switch self {
        case .file(let fault, _), .undescribedVectors(let fault): fault
        default: nil
        }
    }
}

extension CLIPError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .missingInput, .notDownloaded, .foreignDirectory: .missingInput
        case .file(let fault, _), .undescribedVectors(let fault): fault.kind
        case .unknownModel, .weightsNeeded, .architectureNeeded, .template, .emptyChoices, .deviceUnavailable,
            .unavailablePrecision, .noCaptionDecoder, .noImageTower, .noTextTower, .guidance, .setting:
            .usage
        case .notAModel, .unreadArchitecture, .configuration, .weightsMismatch, .unknownLayout, .activationMismatch,
            .nonFiniteWeights, .embeddingFile, .spacesDiffer, .labelCutAway, .unsupportedConversion, .averaging,
            .picture:
            .badData
        }
    }
}
