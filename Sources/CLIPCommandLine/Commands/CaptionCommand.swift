import ArgumentParser
import CLIP
import CLIPData
import Torch

struct CaptionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caption",
        abstract: "Write a caption for each picture, with a CoCa model.",
        discussion: """
            Example: clip caption cat.jpg --model path/to/coca

            Captions are searched with beams; --beams 1 takes the likeliest word each time, --sample draws words.
            """)

    @OptionGroup var images: PictureArguments

    @Option(help: ArgumentHelp("Captions written side by side, of which the best is kept.", valueName: "count"))
    var beams: Int?

    @Option(help: ArgumentHelp("Draw each word from so many of the likeliest.", valueName: "count"))
    var sample: Int?

    @Option(help: "What --sample's scores are divided by: below 1 keeps to likely words, above 1 strays from them.")
    var temperature = 1.0

    @Option(help: "Where --sample's drawing starts; the same seed gives the same captions.")
    var seed: UInt64 = 0

    @Option(help: "What every caption begins with.")
    var prompt = ""

    @Option(help: ArgumentHelp("The fewest tokens, with start.", valueName: "tokens"))
    var minLength = 5

    @Option(help: ArgumentHelp("The most tokens, with start and end.", valueName: "tokens"))
    var maxLength = 30

    @Option(help: "What scores of tokens are divided by that a caption has already: above 1, less is said twice.")
    var repetitionPenalty = 1.0

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        struct Result: Encodable {
            var image: String
            var caption: String
            var tokens: [Int32]
        }
        var model: String
        var precision: InferencePrecision
        var results: [Result]
    }

    func validate() throws {
        if beams != nil, sample != nil { throw ValidationError("--beams and --sample exclude each other.") }
        if let beams, !(1...1024).contains(beams) {
            throw ValidationError("--beams takes a number from 1 to 1024.")
        }
        if let sample, sample < 1 { throw ValidationError("--sample takes a number from 1.") }
        guard temperature > 0, temperature.isFinite else {
            throw ValidationError("--temperature takes a number above 0.")
        }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw ValidationError("--repetition-penalty takes a number above 0.")
        }
        guard minLength >= 0, maxLength > max(1, minLength) else {
            throw ValidationError("--max-length takes a number above 1 and --min-length's.")
        }
    }

    private var options: CaptionOptions {
        var options = CaptionOptions()
        if let beams { options.search = .beams(beams, scoredBy: .scores) }
        if let sample { options.search = .sampling(topK: sample, temperature: temperature) }
        options.minimumLength = minLength
        options.maximumLength = maxLength
        options.repetitionPenalty = repetitionPenalty
        return options
    }

    func run() throws {
        let description = try shared.describe()
        guard description.configuration.writesCaptions, let contextLength = description.configuration.contextLength
        else {
            throw CLIPError.noCaptionDecoder
        }
        guard maxLength <= contextLength else {
            throw ValidationError("--max-length takes at most the \(contextLength) tokens of this model.")
        }
        let list = try images.required()
        let clip = try shared.load()
        let promptLength = try clip.tokenizer.captioning?.encode(prompt).count ?? 0
        guard promptLength + 1 < maxLength else {
            throw ValidationError(
                "--prompt has \(promptLength) tokens, which leaves no place in --max-length \(maxLength).")
        }
        var results: [Document.Result] = []
        var bad = BadPictures()
        try read(list, clip, &bad) { results.append($0) }
        Console.endStatus()
        if shared.json {
            try Console.printJSON(Document(model: clip.name, precision: clip.precision, results: results))
        }
        try bad.finish()
    }

    private func read(
        _ list: PictureList, _ clip: CLIPModel, _ bad: inout BadPictures, _ body: (Document.Result) -> Void
    ) throws {
        let preprocessor = try clip.preprocessor
        var generator = SplitMix64(seed: seed)
        var (names, inputs): ([String], [Tensor]) = ([], [])
        var seen = 0
        func write() throws {
            guard !inputs.isEmpty else { return }
            let captions = try clip.captions(
                pictureBytes: inputs, options: options, beginningWith: prompt, using: &generator)
            for (name, caption) in zip(names, captions) {
                body(.init(image: name, caption: caption.text, tokens: caption.tokens))
                if !shared.json { try Console.answer("\(name): \(caption.text)") }
            }
            (names, inputs) = ([], [])
            Console.status(seen, of: list)
        }
        func take(_ picture: PictureList.Found) throws {
            seen += 1
            let input = bad.leavingOut(picture.name) {
                try Engine.inference { try pictures.read(picture, for: preprocessor) }
            }
            if let input {
                inputs.append(input)
                names.append(picture.name)
            }
            if inputs.count == CLIPModel.captionedPictures { try write() }
        }
        try list.forEach(onFailure: { bad.leftOut($0, $1) }, take)
        try write()
    }
}
