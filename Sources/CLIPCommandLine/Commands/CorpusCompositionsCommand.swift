import ArgumentParser
import CLIP
import CLIPCorpus

extension CorpusCommand {
    struct CompositionsCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compositions",
            abstract: "Put pictures of a corpus together, with captions that say how many, where and on what color.",
            discussion: """
                Example: clip corpus compositions --pairs 'corpus/train-*.tar' --dictionary cedict.txt.gz \
                --held-out 'corpus/test-*.tar' --output corpus

                Writes compositions-0000.tar …: two to four of one thing, two things beside or above each other, and one \
                before a color, with English captions and their Chinese. Only pictures whose caption is one noun are used: \
                those that WordNet (Debian's wordnet-base) knows and the dictionary translates. No picture gets a caption \
                of --held-out.
                """)

        @Option(help: ArgumentHelp("The folder to write shards to.", valueName: "dir"))
        var output: String

        @Option(help: ArgumentHelp("Shards to train on, whose pictures are used.", valueName: "shards"))
        var pairs: String

        @Option(help: ArgumentHelp("Shards whose captions no picture is to have.", valueName: "shards"))
        var heldOut: String?

        @Option(help: ArgumentHelp("A Chinese-English dictionary, cedict_….txt or .txt.gz.", valueName: "file"))
        var dictionary: String

        @Option(help: "Pictures to make.")
        var count = PictureCompositions.Options().count

        @Option(help: "Pixels of a picture's sides.")
        var pictureSize = PictureCompositions.Options().pictureSize

        @Option(help: "Chooses things, places and colors.")
        var seed = PictureCompositions.Options().seed

        @Option(help: ArgumentHelp("Where packages install their data.", valueName: "dir"))
        var root = PictureCompositions.Options().root

        @OptionGroup var answer: OutputOptions

        func run() throws {
            var options = PictureCompositions.Options()
            (options.pairs, options.dictionary, options.root) = (pairs, dictionary, root)
            options.heldOut = heldOut
            (options.count, options.pictureSize, options.seed) = (count, pictureSize, seed)
            let summary = try PictureCompositions(options).build(to: output) { done in
                Console.status("composing \(done)/\(count)")
            }
            Console.endStatus()
            if answer.json { return try Console.printJSON(summary) }
            let kinds = summary.kinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            try Console.answer(
                "\(summary.things) pictures of \(summary.nouns) nouns; made: \(kinds.joined(separator: ", "))")
            try Console.answer("\(output): \(summary.shards.count) shards")
        }
    }
}
