import CLIP
import Files
import Testing

@testable import CLIPCommandLine

/// The library states facts, and the command what to type.
@Suite struct AdviceTests {
    private static let errors: [(error: CLIPError, advice: String)] = [
        (.notDownloaded(name: "ViT-B-32/openai"), "clip download ViT-B-32/openai"),
        (.weightsNeeded(model: "ViT-B-32"), "--weights FILE"),
        (.notAModel(path: "a.bin"), "--weights"),
        (.unknownLayout(path: "a.pt", examples: ["encoder.weight"]), "\"clip inspect\""),
        (.architectureNeeded(path: "a.pt", reason: "it may be two", choices: []), "\"clip models\""),
        (.architectureNeeded(path: "a.pt", reason: "it may be two", choices: ["A", "B"]), "--model A or --model B."),
        (.embeddingFile(path: "a.npy", problem: "it is no file of vectors"), "\"clip embed\""),
        (.undescribedVectors(FileFault("a.npy.json", .opening, .system(2))), "\"clip embed\""),
        (.deviceUnavailable("cuda"), "--device cpu"),
    ]

    @Test(arguments: errors.indices) func whatToTypeStandsAfterTheFacts(_ index: Int) {
        let (error, advice) = Self.errors[index]
        let message = Advice.message(of: error)
        #expect(message.hasPrefix(error.description + " ") && message.contains(advice), "\(message)")
        #expect(!error.description.contains("--") && !error.description.contains("clip "), "\(error)")
    }

    @Test func anErrorThatSaysAllIsLeftAsItIs() {
        let error = CLIPError.emptyChoices(what: "labels")
        #expect(Advice.message(of: error) == error.description)
    }

    @Test func everyKindHasItsExitCode() {
        #expect(ExitStatus(CLIPError.emptyChoices(what: "labels")) == .wrongUsage)
        #expect(ExitStatus(CLIPError.averaging(problem: "two models")) == .badData)
        #expect(ExitStatus(FileFault("a", .opening, .system(2))) == .missingInput)
        #expect(ExitStatus(FileFault("a", .writing, .system(28))) == .ourFault)
        #expect(ExitStatus(TextFileError.unreadable(path: "a", .notUTF8(line: 1))) == .badData)
        #expect(ExitStatus(OutputError(path: "a", reason: "it is there")) == .ourFault)
        #expect(ExitStatus(CancellationError()) == .ourFault)
    }
}
