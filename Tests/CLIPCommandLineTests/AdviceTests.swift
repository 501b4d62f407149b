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

    /// Nobody is advised to do what they have just done, nor to add an option that the command has not.
    @Test func theAdviceKnowsTheCommand() {
        let unknown = CLIPError.unknownLayout(path: "a.pt", examples: ["encoder.weight"])
        #expect(Advice.message(of: unknown, in: ClassifyCommand.self).contains("\"clip inspect\""))
        #expect(!Advice.message(of: unknown, in: InspectCommand.self).contains("clip inspect"))
        let needed = CLIPError.weightsNeeded(model: "ViT-B-32")
        #expect(Advice.message(of: needed, in: ClassifyCommand.self).contains("--weights FILE"))
        #expect(!Advice.message(of: needed, in: CorpusCommand.self).contains("--weights"))
        let notAModel = CLIPError.notAModel(path: "a.pt")
        #expect(Advice.message(of: notAModel, in: InspectCommand.self).contains("Leave out --model"))
        #expect(!Advice.message(of: CLIPError.deviceUnavailable("cuda"), in: InspectCommand.self).contains("--device"))
        let vectors = CLIPError.embeddingFile(path: "a.npy", problem: "it is no file of vectors")
        #expect(!Advice.message(of: vectors, in: EmbedCommand.self).contains("clip embed"))
        #expect(Advice.message(of: vectors, in: CompareCommand.self).contains("clip embed"))
    }

    /// Whatever reads it: the way to the file that a pointer stands for.
    @Test func aPointerComesWithTheWayToItsFile() {
        let lfs = FileFault("model.safetensors", .mapping, .pointer(.gitLFS, bytes: 5))
        #expect(Advice.message(of: lfs).hasSuffix("git lfs pull") && Advice.message(of: lfs).contains("fetched. Fetch"))
        #expect(Advice.message(of: CLIPError.file(lfs, hint: "It lists the shards.")).hasSuffix("git lfs pull"))
        let annex = FileFault("cat.jpg", .reading, .pointer(.gitAnnex, bytes: nil))
        #expect(Advice.message(of: annex).hasSuffix("git annex get"))
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
