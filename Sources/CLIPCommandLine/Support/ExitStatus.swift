import ArgumentParser
import Files

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
        case let failure as any Failure:
            self =
                switch failure.kind {
                case .usage: .wrongUsage
                case .badData: .badData
                case .missingInput: .missingInput
                case .internalFault: .ourFault
                }
        default:
            // The argument parser's own errors (a plain "clip" asks for its help) have other codes than failure.
            guard ClipCommand.exitCode(for: error) == .failure else { return nil }
            self = .ourFault
        }
    }
}
