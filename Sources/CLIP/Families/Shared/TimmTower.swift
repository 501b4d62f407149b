/// A shape that timm has a name for: those whose names say all but the resolution, and whose last state needs no more
/// than timm's own head.
struct TimmTower<Shape: ImageTowerConfiguration>: Sendable {
    /// The name's beginning; a number at its end says that the name states no other resolution.
    let beginning: String
    let shape: Shape

    /// Reads a `vision_cfg` with `timm_model_name`; nil for a name that is none of these.
    /// - Parameter pool: the only `timm_pool` such towers have.
    static func shape(_ object: ConfigurationObject, among towers: [TimmTower], pool: String) throws -> Shape? {
        let name = try object.string("timm_model_name", default: "")
        guard var shape = towers.first(where: { name.hasPrefix($0.beginning) })?.shape else { return nil }
        shape.imageSize = try object.squareSize("image_size", default: 224)
        _ = try object.flag("timm_model_pretrained", default: false)
        for key in ["timm_drop", "timm_drop_path", "patch_dropout"] { _ = try object.real(key, default: 0) }
        let found = try object.string("timm_pool", default: "avg")
        let projection = try object.string("timm_proj", default: "linear")
        if found != pool { throw object.problem("timm_pool", "\"\(found)\" where \(pool) is needed") }
        // timm_proj null leaves timm's own head, a linear layer with bias, as the projection.
        if object.has("timm_proj"), projection != "none" {
            throw object.problem("timm_proj", "\"\(projection)\" is not supported for this tower")
        }
        try object.refuseOthers()
        return shape
    }

    /// timm's name for a tower, at its resolution; nil for one that has none.
    static func name(of shape: Shape, among towers: [TimmTower]) -> String? {
        for tower in towers {
            var same = tower.shape
            same.imageSize = shape.imageSize
            guard same == shape else { continue }
            let stated = tower.beginning.split(separator: "_").last.flatMap { Int($0) }
            guard (stated ?? shape.imageSize) == shape.imageSize else { continue }
            let name = stated == nil ? "\(tower.beginning)_\(shape.imageSize)" : tower.beginning
            // A longer beginning may mean another shape by that name.
            if towers.first(where: { name.hasPrefix($0.beginning) })?.beginning == tower.beginning { return name }
        }
        return nil
    }

    /// The `vision_cfg` that ``shape(_:among:pool:)`` reads back.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape that timm has no name for.
    static func object(of shape: Shape, among towers: [TimmTower], pool: String) throws -> [String: Any] {
        guard let name = name(of: shape, among: towers) else {
            throw CLIPError.unsupportedConversion(what: "an image tower of a size that timm has no name for")
        }
        return [
            "image_size": shape.imageSize, "timm_model_name": name, "timm_model_pretrained": false, "timm_pool": pool,
        ]
    }
}
