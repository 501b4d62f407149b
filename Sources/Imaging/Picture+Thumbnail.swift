import CVips
import Foundation

extension Picture {
    /// A small copy to be looked at: decoded no larger than need be, and reduced (Lanczos-3). Never enlarges.
    ///
    /// A model's own resizing belongs to its preprocessing, which decodes whole pictures.
    /// - Parameter longestSide: pixels.
    /// - Throws: ``ImagingError``.
    public static func thumbnail(
        _ bytes: Data, name: String, longestSide: Int, options: DecodeOptions = .init()
    ) throws -> Picture {
        let picture = try bytes.withUnsafeBytes { bytes in
            let format = try PictureFile.format(of: bytes, name: name, options)
            guard format == .jpeg, let shrink = try shrink(bytes, to: longestSide), shrink > 1 else {
                return try decode(bytes, name: name, options: options)
            }
            return try LibraryReader(format: format, name: name, options: options, shrink: shrink).samples(bytes)
                .picture(options, name: name)
        }
        let longest = max(picture.width, picture.height)
        guard longest > longestSide, longestSide > 0 else { return picture }
        let shortest = min(picture.width, picture.height)
        return try picture.resizedForStorage(shortestSide: max(1, (shortest * longestSide + longest / 2) / longest))
    }

    /// How much smaller a JPEG can be decoded and still has the side asked for; nil for one whose header cannot be read.
    private static func shrink(_ bytes: UnsafeRawBufferPointer, to side: Int) throws -> Int? {
        try Vips.start()
        guard let whole = VipsPicture(cv_open(Int32(CV_JPEG.rawValue), bytes.baseAddress, bytes.count)) else {
            _ = Vips.takeError()
            return nil
        }
        let longest = max(whole.width, whole.height)
        return [8, 4, 2, 1].first { longest / $0 >= side }
    }
}
