import Torch

extension PreprocessConfiguration {
    /// Reads `preprocessor_config.json`, or the image part of a `processor_config.json`.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    init(huggingFace object: ConfigurationObject, imageSize: Int) throws {
        let object = object.has("image_processor") ? try object.object("image_processor") : object
        let family = try object.string("image_processor_type", default: "")
        self.init(size: imageSize)
        for key in ["do_resize", "do_rescale", "do_normalize", "do_convert_rgb"] {
            guard try object.flag(key, default: true) else { throw object.problem(key, "true is needed") }
        }
        // CLIP's class crops unless told otherwise; SigLIP's and Chinese-CLIP's bring both sides to size.
        let cropsByDefault = family.hasPrefix("CLIP") || family.isEmpty
        let crops = try object.flag("do_center_crop", default: cropsByDefault)
        let shortest = try Self.shortestEdge(object)
        if let shortest {
            guard crops, shortest == imageSize else {
                throw object.problem("size", "shortest_edge must be the model's \(imageSize), and the middle cut out")
            }
            resizeMode = .shortest
        } else {
            resizeMode = .squash
        }
        if crops, object.has("crop_size"), try Self.side(object, "crop_size") != imageSize {
            throw object.problem("crop_size", "it is not the model's \(imageSize)")
        }
        if shortest == nil, object.has("size"), try Self.side(object, "size") != imageSize {
            throw object.problem("size", "it is not the model's \(imageSize)")
        }
        switch try object.natural("resample") ?? 3 {
        case 2: interpolation = .bilinear
        case 3: interpolation = .bicubic
        case let other: throw object.problem("resample", "\(other) is not supported: use 2 (bilinear) or 3 (bicubic)")
        }
        let scale = try object.real("rescale_factor", default: 1.0 / 255)
        guard abs(scale * 255 - 1) < 1e-6 else { throw object.problem("rescale_factor", "1/255 is needed") }
        mean = try object.reals("image_mean", count: 3, default: Self.clipMean)
        standardDeviation = try object.reals("image_std", count: 3, default: Self.clipStandardDeviation)
        if standardDeviation.contains(where: { $0 <= 0 }) {
            throw object.problem("image_std", "numbers above 0 are needed")
        }
    }

    /// The size as a shortest edge, which old files write as a bare number.
    private static func shortestEdge(_ object: ConfigurationObject) throws -> Int? {
        guard object.has("size") else { return nil }
        if !object.isObject("size") { return try object.size("size") }
        let size = try object.object("size")
        return size.has("shortest_edge") ? try size.size("shortest_edge") : nil
    }

    private static func side(_ object: ConfigurationObject, _ key: String) throws -> Int {
        guard object.isObject(key) else { return try object.size(key) }
        let size = try object.object(key)
        let (height, width) = (try size.size("height"), try size.size("width"))
        guard height == width else { throw object.problem(key, "pictures that are not square are not supported") }
        return height
    }

    /// `preprocessor_config.json`.
    /// - Parameter processor: the library's class.
    func huggingFaceObject(processor: String) -> [String: Any] {
        let side = ["height": size, "width": size]
        var object: [String: Any] = [
            "do_resize": true, "do_rescale": true, "do_normalize": true, "do_convert_rgb": true,
            "rescale_factor": 1.0 / 255, "resample": interpolation == .bicubic ? 3 : 2, "image_mean": mean,
            "image_std": standardDeviation, "do_center_crop": resizeMode == .shortest,
        ]
        object["image_processor_type"] = processor
        switch resizeMode {
        case .shortest:
            object["size"] = ["shortest_edge": size]
            object["crop_size"] = side
        case .squash: object["size"] = side
        }
        return object
    }
}
