import CForkServer
import CLIPCommandLine
import CLIPText
import Foundation

/// `clip` for tests: started once, it is a new process for each command that is asked for at the socket its argument names.
@main
enum ClipHost {
    static func main() {
        guard CommandLine.arguments.count == 2 else { fatalError("which socket?") }
        // Slow where nothing is optimized, and the same for every command that loads a model.
        _ = try? CLIPTokenizer()
        fork_server_serve(CommandLine.arguments[1], run)
        fatalError("\(CommandLine.arguments[1]): \(String(cString: strerror(errno)))")
    }
}

/// Not the main actor's, whose thread is another.
private func run(count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
    guard let arguments else { fatalError("no arguments") }
    ClipProgram.main(argumentCount: count, arguments: arguments)
}
