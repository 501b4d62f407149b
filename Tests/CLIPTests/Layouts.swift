@testable import CLIP

/// Layouts by what their files are called.
extension ParameterLayout {
    static let openCLIP = ParameterLayout(vision: .openCLIPVision, text: .openCLIPText)
    static let openCLIPResNet = ParameterLayout(vision: .openCLIPResNet, text: .openCLIPText)
    static let coCa = ParameterLayout(
        vision: .openCLIPPooledVision, text: .openCLIPTextApart, captionDecoder: .openCLIPCaptionDecoder)
    static let sigLIPTimm = ParameterLayout(vision: .sigLIPTimm, text: .openCLIPTextApart)
    static let sigLIPHuggingFace = HuggingFaceSigLIP.layout
    static let huggingFace = HuggingFaceCLIP.layout
    static let chineseCLIP = ParameterLayout(vision: .openCLIPVision, text: .chineseText)
    static let openCLIPBERT = ParameterLayout(vision: .openCLIPVision, text: .openCLIPBERT)
    static let chineseCLIPHuggingFace = HuggingFaceChineseCLIP.layout
}

extension DualEncoder {
    /// Switches work that towers leave out on or off.
    func setShortcuts(_ change: (inout TowerShortcuts) -> Void) {
        for tower in towers { change(&tower.shortcuts) }
    }
}
