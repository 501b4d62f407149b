import Foundation
import TorchNN

/// Reading and writing shapes as open_clip's `model_cfg` states them. What a tower's object holds is its family's.
extension ModelConfiguration {
    /// The shape that open_clip's `model_cfg` states, from JSON in memory:
    ///
    ///     let json = """
    ///         {"embed_dim": 64, "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 64, "layers": 4},
    ///          "text_cfg": {"width": 64, "heads": 2, "layers": 4}}
    ///         """
    ///     let model = try DualEncoder(ModelConfiguration(openCLIP: Data(json.utf8)))
    /// - Parameters:
    ///   - json: the object `model_cfg`.
    ///   - source: what messages call it.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    public init(openCLIP json: Data, source: String = "model_cfg") throws {
        try self.init(ConfigurationObject(json, source: source))
    }

    /// Reads `model_cfg`, or a file that holds only that.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    init(_ object: ConfigurationObject) throws {
        if let key = ["vision_patch_size", "image_resolution", "text_hidden_size"].first(where: object.has) {
            let pairs = BuiltInModels.chineseNames.joined(separator: ", ")
            throw object.problem(
                key, "these are cn_clip's settings of one tower; its models are pairs of them, known by name: \(pairs)")
        }
        if object.has("audio_cfg") {
            throw object.problem("audio_cfg", "towers that hear are not read: pictures and texts alone")
        }
        let activation: Activation = try object.flag("quick_gelu", default: false) ? .quickGELU : .gelu
        let model = OpenCLIPModel(activation: activation, embeddingSize: try object.size("embed_dim"))
        let vision = try object.object("vision_cfg")
        let text = try object.object("text_cfg")
        self.init(
            embeddingSize: model.embeddingSize, vision: try Self.imageTower(vision, model),
            text: try Self.textTower(text, model))
        _ = try object.flag("custom_text", default: false)  // only the weights' names differ
        if object.has("init_logit_bias") { initialLogitBias = try object.real("init_logit_bias", default: 0) }
        initialLogitScale = try object.real("init_logit_scale", default: initialLogitScale)
        if object.has("multimodal_cfg") {
            captionDecoder = try CaptionDecoderConfiguration(openCLIP: object.object("multimodal_cfg"), in: model)
        }
        try object.refuseOthers()
        try validate(source: object.source)
    }

    private static func imageTower(
        _ object: ConfigurationObject, _ model: OpenCLIPModel
    ) throws -> any ImageTowerConfiguration {
        for family in TowerFamilies.image {
            if let tower = try family.read(openCLIP: object, in: model) { return tower }
        }
        let name = try object.string("timm_model_name", default: "")
        let known = TowerFamilies.image.flatMap { $0.timmBeginnings }.joined(separator: ", ")
        throw object.problem("timm_model_name", "\"\(name)\" is not supported. Known beginnings: \(known)")
    }

    private static func textTower(
        _ object: ConfigurationObject, _ model: OpenCLIPModel
    ) throws -> any TextTowerConfiguration {
        for family in TowerFamilies.text {
            if let tower = try family.read(openCLIP: object, in: model) { return tower }
        }
        throw object.problem("hf_model_name", "text towers from Hugging Face's library are not supported here")
    }

    /// The object open_clip reads back as `model_cfg`.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape open_clip has no words for.
    func openCLIPObject() throws -> [String: Any] {
        guard let vision, let text else {
            let missing = vision == nil ? "image" : "text"
            throw CLIPError.unsupportedConversion(what: "no \(missing) tower, which every model of open_clip has")
        }
        var object: [String: Any] = ["embed_dim": embeddingSize]
        object["quick_gelu"] = try hasQuickGELU(vision, text)
        object["vision_cfg"] = try vision.openCLIPObject()
        object["text_cfg"] = try text.openCLIPObject()
        if keepsTextApart { object["custom_text"] = true }
        if initialLogitScale != DualEncoder.initialLogitScale { object["init_logit_scale"] = initialLogitScale }
        if let initialLogitBias { object["init_logit_bias"] = initialLogitBias }
        if let captionDecoder { object["multimodal_cfg"] = captionDecoder.openCLIPObject }
        return object
    }

    /// Whether open_clip keeps the text tower apart, under `text.`.
    private var keepsTextApart: Bool {
        captionDecoder != nil || initialLogitBias != nil || vision?.keepsTextApart == true
    }

    /// open_clip has one switch for both towers' QuickGELU.
    private func hasQuickGELU(
        _ vision: any ImageTowerConfiguration, _ text: any TextTowerConfiguration
    ) throws -> Bool {
        guard let words = text.switchableActivation else { return false }
        if let pictures = vision.switchableActivation, (pictures == .quickGELU) != (words == .quickGELU) {
            throw CLIPError.unsupportedConversion(
                what: "QuickGELU in one tower only, which open_clip's configuration cannot state")
        }
        return words == .quickGELU
    }

    /// The names open_clip's own code gives a model of this shape.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape that open_clip has not.
    func openCLIPLayout() throws -> ParameterLayout {
        ParameterLayout(
            vision: vision?.openCLIPNaming, text: try text?.openCLIPNaming(isApart: keepsTextApart),
            captionDecoder: captionDecoder == nil ? nil : .openCLIPCaptionDecoder)
    }
}

extension ConfigurationObject {
    /// `act_kwargs`: only GELU's approximation can be chosen.
    func openCLIPActivation(default fallback: Activation) throws -> Activation {
        guard has("act_kwargs") else { return fallback }
        let options = try object("act_kwargs")
        let approximation = try options.string("approximate", default: "none")
        try options.refuseOthers()
        switch approximation {
        case "none": return fallback
        case "tanh" where fallback == .gelu: return .tanhGELU
        default: throw options.problem("approximate", "\"\(approximation)\" is not supported: use none or tanh")
        }
    }

    /// `ls_init_value`; null or 0 for none.
    func openCLIPLayerScale() throws -> Double? {
        let start = try real("ls_init_value", default: 0)
        return start == 0 ? nil : start
    }

    /// `norm_kwargs`: only what is added to the variance can be chosen.
    func openCLIPEpsilon(default fallback: Double) throws -> Double {
        guard has("norm_kwargs") else { return fallback }
        let options = try object("norm_kwargs")
        let epsilon = try options.real("eps", default: fallback)
        guard epsilon >= 0, epsilon < 1 else { throw options.problem("eps", "a number from 0 to 1 is needed") }
        try options.refuseOthers()
        return epsilon
    }
}
