import CLIPText
import Torch

/// What is read for each label: the templates, one after another.
package struct ZeroShotPrompts {
    /// As they were given.
    let labels: [String]
    /// Token ids of labels × templates, the templates of a label one after another.
    package let captions: [[Int32]]
    let truncation: TextTruncation
    /// What messages call the labels.
    let called: String
    /// Sentences a label.
    var templateCount: Int { captions.count / labels.count }

    /// - Parameter what: what messages call the labels.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for no labels, or an empty one;
    ///   ``CLIPError/labelCutAway(template:label:tokens:contextLength:)``.
    package init(
        _ labels: [String], _ templates: [PromptTemplate], for tokenizer: any TextTokenizer,
        called what: String = "labels"
    ) throws {
        guard !labels.isEmpty, labels.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }), !templates.isEmpty else {
            throw CLIPError.emptyChoices(what: what)
        }
        let texts = labels.flatMap { label in templates.map { $0.filled(with: label) } }
        let tokenized = tokenizer.tokenize(texts)
        (self.labels, called) = (labels, what)
        captions = tokenized.map(\.tokens)
        truncation = tokenizer.truncation(of: texts, tokenized)
        guard truncation.cutCount > 0 else { return }
        let cut = tokenized.indices.filter { tokenized[$0].wasTruncated }
        // Of labels that begin alike there may be left what they share.
        var labelsRead: [[Int32]: String] = [:]
        for index in cut {
            let (label, template) = (labels[index / templates.count], templates[index % templates.count])
            let isToldApart = labelsRead.updateValue(label, forKey: captions[index]) ?? label == label
            guard template == .plain || isToldApart && Self.reachesLabel(template, tokenizer) else {
                throw CLIPError.labelCutAway(
                    template: template.text, label: label, tokens: tokenized[index].originalCount,
                    contextLength: tokenizer.contextLength)
            }
        }
    }

    /// Unit vectors of the labels, float32 `[N, E]`, from those of ``captions``, `[N·T, E]`. With several templates a
    /// label's is the mean of its sentences', normalized again (arXiv 2103.00020, section 3.1.4).
    package func classVectors(_ vectors: Tensor) throws -> Tensor {
        try Engine.inference {
            try vectors.reshaped([labels.count, templateCount, -1]).mean(along: 1).normalized()
        }
    }

    /// Whether what stands before the label leaves room for any of it.
    private static func reachesLabel(_ template: PromptTemplate, _ tokenizer: any TextTokenizer) -> Bool {
        tokenizer.tokenize(template.beginning).originalCount < tokenizer.contextLength
    }
}
