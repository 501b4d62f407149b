import ArgumentParser

/// Pictures that cannot be answered for: each is told of on standard error and left out, and the command then ends with
/// the first one's code.
struct BadPictures {
    private var firstFailure: (any Error)?

    /// What `body` makes of a picture; nil, having told why, if that cannot be.
    mutating func leavingOut<Result>(_ body: () throws -> Result) -> Result? {
        do {
            return try body()
        } catch {
            Console.error(Advice.message(of: error))
            firstFailure = firstFailure ?? error
            return nil
        }
    }

    /// Ends the command with the first failure's code, its message having been told already.
    func finish() throws {
        if let firstFailure { throw ExitCode((ExitStatus(firstFailure) ?? .ourFault).rawValue) }
    }
}
