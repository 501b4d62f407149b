/// Every family there is: a line each.
package enum TowerFamilies {
    /// What turns pictures into vectors.
    package static let image: [any ImageTowerConfiguration.Type] = [
        VisionTransformerConfiguration.self,
        ResNetConfiguration.self,
        EVAConfiguration.self,
        ConvNeXtConfiguration.self,
        EfficientNetConfiguration.self,
    ]

    /// What turns texts into vectors.
    package static let text: [any TextTowerConfiguration.Type] = [
        TextTransformerConfiguration.self,
        BERTConfiguration.self,
    ]

    /// Whole models that Hugging Face's library has a class for.
    static let huggingFace: [any HuggingFaceModel.Type] = [
        HuggingFaceCLIP.self,
        HuggingFaceCLIPText.self,
        HuggingFaceCLIPVision.self,
        HuggingFaceSigLIP.self,
        HuggingFaceSigLIPVision.self,
        HuggingFaceChineseCLIP.self,
        HuggingFaceChineseCLIPVision.self,
    ]
}
