import ArgumentParser
import CLIP

/// Pictures that cannot be answered for: each is told of on standard error and left out, and the command then ends with
/// the first one's code.
struct BadPictures {
    private var firstFailure: (any Error)?
    /// Those left out, and why, in their order.
    private(set) var skipped: [SkippedPicture] = []

    /// What `body` makes of a picture; nil, having told why, if that cannot be.
    mutating func leavingOut<Result>(_ name: String, _ body: () throws -> Result) -> Result? {
        do {
            return try body()
        } catch {
            leftOut(name, error)
            return nil
        }
    }

    /// Tells why a picture is left out.
    mutating func leftOut(_ name: String, _ error: any Error) {
        let message = Advice.message(of: error)
        Console.error(message)
        firstFailure = firstFailure ?? error
        skipped.append(SkippedPicture(image: name, reason: message))
    }

    /// Ends the command with the first failure's code, its message having been told already.
    func finish() throws {
        if let firstFailure { throw ExitCode((ExitStatus(firstFailure) ?? .ourFault).rawValue) }
    }
}

/// A picture that was left out, in documents.
struct SkippedPicture: Codable {
    var image: String
    var reason: String
}
