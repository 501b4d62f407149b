import CVips
import Foundation

extension Picture {
    /// Draws an SVG on white so that its shortest side has about `shortestSide` pixels.
    ///
    /// Only for files of known origin: SVG is a program, and `decode` never reads it.
    ///
    /// - Throws: ``ImagingError/damaged(name:format:detail:)``-like failures as
    ///   ``ImagingError/failed(operation:detail:)``; ``ImagingError/tooLarge(name:width:height:limit:)``.
    public static func renderTrustedSVG(
        _ bytes: Data, name: String, shortestSide: Int, pixelLimit: Int = 16_000_000
    ) throws -> Picture {
        try Vips.start()
        Vips.drawing.lock()
        defer { Vips.drawing.unlock() }
        return try bytes.withUnsafeBytes { source in
            guard let natural = VipsPicture(cv_render_svg(source.baseAddress, source.count, 1)) else {
                throw failure("drawing \(name)")
            }
            let scale = Double(shortestSide) / Double(max(1, min(natural.width, natural.height)))
            guard let image = VipsPicture(cv_render_svg(source.baseAddress, source.count, max(scale, 1e-4))) else {
                throw failure("drawing \(name)")
            }
            try checkArea(width: image.width, height: image.height, name: name, limit: pixelLimit)
            return try onWhite(image, name: name)
        }
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
        guard let image = VipsPicture(cv_render_text(plain, font, fontFile, 72)) else {
            throw failure("drawing the text \"\(text)\"")
        }
        return try onWhite(image, name: "the text \"\(text)\"")
    }

    private static func onWhite(_ image: VipsPicture, name: String) throws -> Picture {
        let layout = try SampleLayout(of: image, name: name)
        guard let samples = image.samples() else { throw failure("drawing \(name)") }
        return Picture(
            unchecked: layout.toRGB(samples, alpha: .flattenOnWhite), width: image.width, height: image.height,
            name: name)
    }
}
