/// A page of one file: its style, pictures and drawings are inside, nothing in it runs, and nothing is fetched. It is
/// HTML that is well-formed XML too, so that any parser can check it.
package struct HTMLDocument {
    /// Plain text; the window's title and the page's heading.
    package var title: String
    /// Rules beyond ``PageStyle``, such as ``LineChart/style``.
    package var style: [String]
    /// Markup under the heading.
    package var body: String
    /// Markup at the foot.
    package var footer: String

    package init(title: String, style: [String] = [], body: String, footer: String) {
        self.title = title
        self.style = style
        self.body = body
        self.footer = footer
    }

    /// Whether it shows pictures, which may then be data inside the page and nothing else.
    private var policy: String {
        "default-src 'none'; \(body.contains("<img") ? "img-src data:; " : "")style-src 'unsafe-inline'"
    }

    package func rendered() -> String {
        let title = Markup.escaped(title)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <meta http-equiv="Content-Security-Policy" content="\(policy)"/>
            <title>\(title)</title>
            <style>
            \(([PageStyle.text] + style).joined(separator: "\n"))
            </style>
            </head>
            <body>
            <main>
            <h1 dir="auto">\(title)</h1>
            \(body)<footer>\(footer)</footer>
            </main>
            </body>
            </html>

            """
    }
}

extension Markup {
    /// A table that scrolls sideways where it is wide.
    /// - Parameters:
    ///   - head: a cell for each column, as plain text.
    ///   - body: rows of as many cells, as plain text.
    ///   - style: a class of ``PageStyle``: `numbers` aligns all columns but the first to the right.
    package static func table(head: [String], body: [[String]], style: String = "numbers") -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        return "<div class=\"scroll\"><table class=\"\(style)\">\n<thead>\n\(row(head, "th"))</thead>\n<tbody>\n"
            + body.map { row($0, "td") }.joined() + "</tbody>\n</table></div>\n"
    }
}
