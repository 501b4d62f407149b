import ArgumentParser
import CLIP
import CLIPCorpus
import CLIPData
import CLIPText
import CLIPTraining
import Files
import Imaging
import ModelHub
import Safetensors
import Torch
import TorchArchive
import Transfer

/// The exit codes of `sysexits.h` that this command uses.
enum ExitStatus: Int32 {
    case wrongUsage = 64
    case badData = 65
    case missingInput = 66
    case ourFault = 70

    /// The code for an error; nil for one that the argument parser reports itself.
    init?(_ error: any Error) {
        switch error {
        case is ValidationError, is CleanExit, is ArgumentParser.ExitCode: return nil
        case let error as CLIPError: self = Self.code(of: error)
        case let error as ImagingError: self = error.isMissingInput ? .missingInput : .badData
        case let error as SafetensorsError: self = Self.code(of: error)
        case let error as TorchArchiveError: self = Self.code(of: error)
        case let error as CLIPTextError: self = Self.code(of: error)
        case let error as ModelHubError: self = Self.code(of: error)
        case let error as CLIPDataError: self = Self.code(of: error)
        case let error as CorpusError: self = Self.code(of: error)
        case let error as TrainingError: self = Self.code(of: error)
        case is OutputError: self = .ourFault
        case let error as TextFileError: self = error.isMissingInput ? .missingInput : .badData
        case let fault as FileFault: self = fault.operation.isWriting ? .ourFault : .missingInput
        default:
            // The argument parser's own errors (a plain "clip" asks for its help) have other codes than failure.
            guard ClipCommand.exitCode(for: error) == .failure else { return nil }
            self = .ourFault
        }
    }

    private static func code(of error: CLIPError) -> ExitStatus {
        switch error {
        case .missingInput, .notDownloaded: .missingInput
        case .unknownModel, .weightsNeeded, .architectureNeeded, .template, .emptyChoices, .deviceUnavailable,
            .noCaptionDecoder, .noImageTower, .guidance:
            .wrongUsage
        case .configuration, .weightsMismatch, .unknownLayout, .activationMismatch, .nonFiniteWeights, .embeddingFile,
            .spacesDiffer, .unsupportedConversion, .averaging, .picture:
            .badData
        case .file(let fault, _): fault.operation.isWriting ? .ourFault : .missingInput
        }
    }

    private static func code(of error: SafetensorsError) -> ExitStatus {
        switch error {
        case .file(let fault): fault.operation.isWriting ? .ourFault : .missingInput
        default: .badData
        }
    }

    private static func code(of error: TorchArchiveError) -> ExitStatus {
        switch error {
        case .file(let fault): fault.operation.isWriting ? .ourFault : .missingInput
        default: .badData
        }
    }

    private static func code(of error: CLIPTextError) -> ExitStatus {
        switch error {
        case .tokenizerMissing, .file: .missingInput
        case .fileMalformed: .badData
        case .contextLengthTooSmall: .wrongUsage
        case .resourceMissing, .resource, .resourceMalformed: .ourFault
        }
    }

    private static func code(of error: ModelHubError) -> ExitStatus {
        switch error {
        case .invalidName, .invalidSetting, .unknownModel: .wrongUsage
        case .offline, .noWeights: .missingInput
        case .transfer(let error): code(of: error)
        }
    }

    private static func code(of error: TransferError) -> ExitStatus {
        switch error {
        case .unauthorized, .notFound, .httpStatus, .unreachable, .stalled: .missingInput
        case .diskFull, .file: .ourFault
        default: .badData
        }
    }

    private static func code(of error: CLIPDataError) -> ExitStatus {
        switch error {
        case .file(let fault): fault.operation.isWriting ? .ourFault : .missingInput
        case .invalidSpecification, .invalidOption: .wrongUsage
        case .cancelled: .ourFault
        default: .badData
        }
    }

    private static func code(of error: CorpusError) -> ExitStatus {
        switch error {
        case .missingPackages: .missingInput
        case .invalidOption: .wrongUsage
        case .nothingKept: .badData
        }
    }

    private static func code(of error: TrainingError) -> ExitStatus {
        switch error {
        case .invalidOption, .runExists: .wrongUsage
        case .nothingToResume: .missingInput
        case .checkpointMismatch, .otherSettings, .notFinite, .damagedCheckpoints, .diverged, .notLearned, .noMetrics:
            .badData
        case .cannotWrite, .distributed: .ourFault
        }
    }
}
