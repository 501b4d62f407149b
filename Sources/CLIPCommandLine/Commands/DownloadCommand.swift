import ArgumentParser
import CLIP
import Foundation
import ModelHub

struct DownloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Fetch a model by name into the cache that other CLIP programs use.",
        discussion: """
            Example: clip download ViT-B-32/laion2b_s34b_b79k && clip classify cat.jpg --labels "cat,dog" \\
                         --model ViT-B-32/laion2b_s34b_b79k

            Names: OpenAI's (ViT-B/32), open_clip's with a training tag (ViT-B-32/laion2b_s34b_b79k), or a repository of
            the Hugging Face hub (hf-hub:owner/name, hf-hub:owner/name@revision). A download that broke off is taken up
            where it stopped; every file's length and checksum are verified. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT,
            HF_TOKEN and HF_HUB_OFFLINE are heeded.
            """)

    @Argument(help: "The model's name.")
    var name: String

    @Flag(help: "Fetch nothing: only say where the model is, if it is here.")
    var cached = false

    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        var model: String
        var path: String
        var fetched: Bool
    }

    func run() throws {
        let source = try HubNames.source(of: name)
        let hub = Hub(try HubConfiguration())
        let present = hub.cached(source)
        if cached, present == nil {
            throw CLIPError.notDownloaded(name: name)
        }
        let path = try present ?? ModelCatalog.fetch(source, called: name, from: hub) { Console.status(Self.line($0)) }
        Console.endStatus()
        if output.json {
            try Console.printJSON(Document(model: name, path: path, fetched: present == nil))
        } else {
            try Console.answer(path)
        }
    }

    /// "model.safetensors  120 of 605 MB (19 %)".
    private static func line(_ progress: HubProgress) -> String {
        let done = "\(progress.file)  \(progress.done / 1_000_000)"
        guard let total = progress.total, total > 0 else { return done + " MB" }
        return done + " of \(total / 1_000_000) MB (\(progress.done * 100 / total) %)"
    }
}
