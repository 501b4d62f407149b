import ArgumentParser
import Foundation

/// The program `clip`, for the executable that is it.
public enum ClipProgram {
    /// What it was started with, its name first.
    // Written once, before anything else runs.
    nonisolated(unsafe) private(set) static var arguments: [String] = []

    /// Does what its arguments ask for, and ends the process.
    /// - Parameter arguments: as many as said, the program's own name first.
    public static func main(
        argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) -> Never {
        // A file that may grow no further is to be an error like a full disk, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let given = (0..<Int(argumentCount)).compactMap { arguments[$0] }
        // Swift would repair such an argument with replacement characters, and answer for a text nobody gave.
        if let bad = given.indices.dropFirst().first(where: { String(validatingCString: given[$0]) == nil }) {
            Console.error("argument \(bad) is not valid UTF-8; texts and paths are needed in UTF-8.")
            leave(ExitStatus.badData.rawValue)
        }
        self.arguments = given.map { String(cString: $0) }
        do {
            var command = try ClipCommand.parseAsRoot(splitArguments)
            do {
                try command.run()
                leave(0)
            } catch {
                guard let status = ExitStatus(error) else { throw error }
                Console.error(Advice.message(of: error, in: type(of: command)))
                leave(status.rawValue)
            }
        } catch {
            end(error)
        }
    }

    /// Says what the parser has to say: help that was asked for, or what is wrong with the arguments.
    private static func end(_ error: any Error) -> Never {
        let message = ClipCommand.fullMessage(for: error)
        let code = ClipCommand.exitCode(for: error)
        guard code == .validationFailure else {
            if !message.isEmpty, code.isSuccess { print(message) } else if !message.isEmpty { Console.note(message) }
            leave(code.rawValue)
        }
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let first = line.hasPrefix("Error: ") ? line.dropFirst(7) : line
            Console.note(index == 0 ? "clip: error: \(first)" : String(line))
        }
        leave(ExitStatus.wrongUsage.rawValue)
    }

    /// Ends the process once what was written is out, without libtorch's destructors: taking its thousands of operators back one
    /// by one is a sixth of the time that a picture's answer takes.
    private static func leave(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// The arguments with `--text=` split in two: the parser takes an empty value only as an argument of its own.
    private static var splitArguments: [String] {
        let split = arguments.dropFirst().flatMap { argument in
            argument.hasPrefix("--") && argument.firstIndex(of: "=") == argument.indices.last
                ? [String(argument.dropLast()), ""] : [argument]
        }
        // "clip evaluate suite.yaml" is a suite's short form: evaluate's other commands are no files.
        let isSuite =
            split.count > 1 && split[0] == "evaluate" && [".yaml", ".yml"].contains { split[1].hasSuffix($0) }
        return isSuite ? ["evaluate", "suite"] + split.dropFirst() : split
    }
}
