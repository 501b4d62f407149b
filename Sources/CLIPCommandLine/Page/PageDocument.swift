import CLIP
import Foundation
import Pages

/// The page's text.
struct PageDocument {
    private let content: PageContent
    /// How many labels and captions a picture's card shows.
    static let shownLabels = 5
    static let shownCaptions = 3

    init(_ content: PageContent) { self.content = content }

    func rendered() -> String {
        let body = """
            <p class="lead">\(lead)</p>
            <section class="cards">
            \(content.pictures.map(card).joined())</section>
            \(matrixSection)
            """
        return HTMLDocument(
            title: content.title, body: body,
            footer: "Made by <code>clip page</code> of swift-clip with the model "
                + "<code>\(Markup.escaped(content.model))</code>."
        ).rendered()
    }

    private var lead: String {
        let words =
            content.captions.isEmpty
            ? Format.counted(content.labels.count, "label")
            : "\(Format.counted(content.labels.count, "label")) and \(Format.counted(content.captions.count, "caption"))"
        let among = content.captions.isEmpty ? "the labels" : "the labels, or among the captions,"
        return "The model <code>\(Markup.escaped(content.model))</code> compared "
            + "\(Format.counted(content.pictures.count, "picture")) with \(words) written in plain words. "
            + "Each percentage is a probability among \(among) that were given."
    }

    private func card(_ picture: PagePicture) -> String {
        let name = Markup.escaped(picture.name)
        var html = "<article>\n<figure><img alt=\"\(name)\" src=\""
        html += Markup.dataAddress(picture.card, type: "image/jpeg")
        html += "\"/><figcaption dir=\"auto\">\(name)</figcaption></figure>\n"
        html += choices(picture.labels, heading: "Labels", most: Self.shownLabels)
        if !picture.captions.isEmpty {
            html += choices(picture.captions, heading: "Captions", most: Self.shownCaptions)
        }
        return html + "</article>\n"
    }

    private func choices(_ choices: [ScoredChoice], heading: String, most: Int) -> String {
        var html = "<h3>\(heading)</h3>\n<ol>\n"
        for choice in choices.prefix(most) {
            let width = Format.fixed(max(0, min(1, choice.score)) * 100, 1)
            html += "<li><span class=\"text\" dir=\"auto\">\(Markup.escaped(choice.label))</span>"
            html += "<span class=\"share\">\(Markup.percent(choice.score))</span>"
            html += "<span class=\"bar\"><span style=\"width:\(width)%\"></span></span></li>\n"
        }
        html += "</ol>\n"
        if choices.count > most {
            html += "<p class=\"more\">and \(choices.count - most) less likely</p>\n"
        }
        return html
    }

    private var matrixSection: String {
        let matrix = SimilarityMatrix(content)
        let best = content.captions.isEmpty ? "label" : "label and its best caption"
        let omission = matrix.omission.map { " " + $0 } ?? ""
        return """
            <section>
            <h2>Similarity matrix</h2>
            <p>Every picture (columns) against every text (rows). A fuller color means that the model finds the two more \
            alike; the number is the cosine of the angle between their vectors. An outline marks each picture’s best \
            \(best). Where texts are listed in the pictures’ order, a model that sees well draws a \
            diagonal.\(omission)</p>
            <p class="legend"><span>≤ \(Format.fixed(matrix.range.lowerBound, 2))</span><span class="ramp"></span>\
            <span>\(Format.fixed(matrix.range.upperBound, 2))</span><span class="key"></span><span>best</span></p>
            \(matrix.rendered())</section>

            """
    }
}
