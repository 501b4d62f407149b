import CLIPText
import Files
import Foundation

/// Which tokenizer a text tower was trained with. A tower and another's tokenizer give numbers without meaning, and no
/// error, so nobody is asked to pair them.
struct TokenizerChoice {
    private let tower: any TextTowerConfiguration
    private let folder: TokenizerFolder

    /// - Parameter directory: where the checkpoint's files are; nil for a bare weights file.
    init(_ tower: any TextTowerConfiguration, directory: String?) {
        self.tower = tower
        folder = TokenizerFolder(directory: directory.map { URL(fileURLWithPath: $0, isDirectory: true) })
    }

    func tokenizer() throws -> any TextTokenizer {
        let length = tower.contextLength
        switch family {
        case .clip:
            guard let directory = folder.directory, folder.has("tokenizer.json") || folder.has("vocab.json") else {
                return try CLIPTokenizer(contextLength: length)
            }
            // CLIP's own vocabulary is read by the rules of whoever published the directory; another one comes from
            // Hugging Face's library, also where open_clip wrote the weights.
            return try TokenizerFiles.tokenizer(
                directory: directory, family: .clip, contextLength: length,
                rules: tower.vocabularySize == TextTransformerConfiguration.clipVocabularySize ? nil : .transformers)
        case .chineseCLIP:
            guard let directory = folder.directory, folder.has("vocab.txt") || folder.has("tokenizer.json") else {
                return try WordPieceTokenizer(contextLength: length)
            }
            return try TokenizerFiles.tokenizer(directory: directory, family: .chineseCLIP, contextLength: length)
        case .bert:
            guard let directory = folder.directory else {
                throw CLIPError.missingInput(
                    path: "a BERT text tower's vocabulary",
                    hint: "It is not in the weights: the model's directory is needed, with vocab.txt or tokenizer.json."
                )
            }
            return try TokenizerFiles.tokenizer(directory: directory, family: .bert, contextLength: length)
        case .sigLIP, .sigLIP2:
            guard let directory = folder.directory else {
                throw CLIPError.missingInput(
                    path: "a SigLIP model's tokenizer",
                    hint: "Its vocabulary is not in the weights: the model's directory is needed, with spiece.model or "
                        + "tokenizer.json.")
            }
            return try TokenizerFiles.tokenizer(directory: directory, family: family, contextLength: length)
        }
    }

    var family: TokenizerFamily { tower.tokenizerFamily(folder) }

    /// How many rows of the token embedding may have no token: some tables are filled up to a round number.
    var unusedRows: Int {
        switch family {
        case .clip, .chineseCLIP, .bert: 63
        case .sigLIP, .sigLIP2: 1024
        }
    }
}

/// A tokenizer's files beside a checkpoint's weights.
package struct TokenizerFolder: Sendable {
    /// Nil for a bare weights file.
    let directory: URL?

    func has(_ name: String) -> Bool {
        guard let directory else { return false }
        return FileManager.default.fileExists(atPath: directory.appendingPathComponent(name).path)
    }

    /// Which of SigLIP's two tokenizers the files are.
    func sigLIPFamily(vocabularySize: Int) -> TokenizerFamily {
        if has("spiece.model") || has("sentencepiece.model") { return .sigLIP }
        if vocabularySize > 200_000 { return .sigLIP2 }
        // SigLIP's is a Unigram model, SigLIP 2's (Gemma's) a byte-pair one.
        if let file = directory?.appendingPathComponent("tokenizer.json"),
            let mapping = try? MappedFile(path: file.path, leastLength: 1)
        {
            return withExtendedLifetime(mapping) {
                let data = Data(bytesNoCopy: mapping.base, count: mapping.count, deallocator: .none)
                return data.range(of: Data("\"Unigram\"".utf8)) == nil ? .sigLIP2 : .sigLIP
            }
        }
        return has("tokenizer.model") ? .sigLIP2 : .sigLIP
    }
}
