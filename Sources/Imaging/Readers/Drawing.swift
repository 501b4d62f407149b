import CVips

/// SVG drawings. They are drawn by librsvg without a base address, so that nothing outside the file is read: no other
/// file, no network; librsvg runs no scripts.
enum Drawing {
    /// A drawing has no pixels of its own. It is drawn at its natural size, but with a shortest side of 512 pixels at
    /// least, so that a model never sees a little icon enlarged, and with a longest of 4096 at most.
    private static let sides = (shortest: 512, longest: 4096)

    static func samples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions
    ) throws -> DecodedSamples {
        try samples(bytes, name: name, options: options) { width, height in
            let (short, long) = (Double(min(width, height)), Double(max(width, height)))
            return min(max(1, Double(sides.shortest) / short), Double(sides.longest) / long)
        }
    }

    /// - Parameter scale: from the natural size, at least 1 x 1, to a factor.
    static func samples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions, scale: (Int, Int) -> Double
    ) throws -> DecodedSamples {
        try Vips.start()
        Vips.drawing.lock()
        defer { Vips.drawing.unlock() }
        func drawn(_ scale: Double) throws -> VipsPicture {
            guard let image = VipsPicture(cv_render_svg(bytes.baseAddress, bytes.count, scale)) else {
                throw ImagingError.damaged(name: name, format: .svg, detail: Vips.takeError())
            }
            return image
        }
        let natural = try drawn(1)
        let image = try drawn(max(1e-4, scale(max(1, natural.width), max(1, natural.height))))
        let layout = try SampleLayout(of: image, name: name)
        // librsvg draws strip by strip; libvips keeps the drawing once more.
        try options.checkMemory(
            width: image.width, height: image.height, bytesPerPixel: layout.bytesWhileConverting, name: name)
        guard let samples = image.samples() else {
            throw ImagingError.damaged(name: name, format: .svg, detail: Vips.takeError())
        }
        return DecodedSamples(samples: samples, layout: layout, width: image.width, height: image.height)
    }
}
