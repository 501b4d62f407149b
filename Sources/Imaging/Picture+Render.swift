import CVips
import Foundation

extension Picture {
    /// Draws an SVG on white so that its shortest side has about `shortestSide` pixels.
    ///
    /// - Throws: ``ImagingError/damaged(name:format:detail:)``, and
    ///   ``ImagingError/tooMuchMemory(name:width:height:bytes:limit:)`` for a drawing that would be long and thin beyond
    ///   measure.
    public static func renderSVG(_ bytes: Data, name: String, shortestSide: Int) throws -> Picture {
        // Sixteen megapixels.
        let options = DecodeOptions(memoryLimit: 16_000_000 * 7)
        return try bytes.withUnsafeBytes { source in
            try Drawing.samples(source, name: name, options: options) { Double(shortestSide) / Double(min($0, $1)) }
        }.picture(options, name: name)
    }

    /// Draws one line of text on white, tightly around its ink.
    ///
    /// - Parameters:
    ///   - text: Plain text; an emoji sequence becomes one glyph where the font has it and several otherwise.
    ///   - font: A font description as Pango reads them, such as `Noto Color Emoji 96`.
    ///   - fontFile: A font file to add to those installed.
    /// - Throws: ``ImagingError/failed(operation:detail:)``, also when nothing visible comes out.
    public static func rendering(text: String, font: String, fontFile: String? = nil) throws -> Picture {
        try Vips.start()
        Vips.drawing.lock()
        defer { Vips.drawing.unlock() }
        // Pango reads markup; the three characters that mean something there are escaped.
        let plain = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
        let name = "the text \"\(text)\""
        guard let image = VipsPicture(cv_render_text(plain, font, fontFile, 72)) else {
            throw failure("drawing \(name)")
        }
        let layout = try SampleLayout(of: image, name: name)
        guard let samples = image.samples() else { throw failure("drawing \(name)") }
        return DecodedSamples(samples: samples, layout: layout, width: image.width, height: image.height)
            .picture(.init(), name: name)
    }
}
