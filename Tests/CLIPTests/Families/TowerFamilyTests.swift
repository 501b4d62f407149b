import Foundation
import Testing

@testable import CLIP

/// What every family has to answer, whichever it is.
@Suite struct TowerFamilyTests {
    @Test func signaturesTellNamingsApart() {
        for namings in [TowerFamilies.image.flatMap { $0.namings }, TowerFamilies.text.flatMap { $0.namings }] {
            let signatures = namings.map { Set($0.signature) }
            #expect(Set(signatures).count == signatures.count)
            // A signature's names are ones that the rules know.
            for naming in namings {
                let layout = ParameterLayout(vision: naming, text: nil)
                for name in naming.signature {
                    #expect(layout.parameter(of: name) != nil, "\(naming.project): \(name)")
                }
            }
        }
    }

    @Test func shapesOfTwoFamiliesAreNeverEqual() {
        let towers: [any ImageTowerConfiguration] = [
            VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 64, layers: 1),
            ResNetConfiguration(imageSize: 32, layers: [1, 1, 1, 1], width: 8),
            EVAConfiguration(imageSize: 32, patchSize: 8, width: 64, layers: 1, headCount: 1, hiddenWidth: 64),
        ]
        for (row, own) in towers.enumerated() {
            for (column, other) in towers.enumerated() { #expect(own.isEqual(to: other) == (row == column)) }
        }
    }

    @Test func everyNamedShapeIsReadBackFromWhatIsWritten() throws {
        for name in BuiltInModels.names where !name.hasPrefix("chinese-clip-") {
            let configuration = try #require(BuiltInModels.configuration(named: name))
            let written = try JSONSerialization.data(withJSONObject: configuration.openCLIPObject())
            let read = try ModelConfiguration(ConfigurationObject(written, source: name))
            #expect(read == configuration, "\(name)")
        }
    }
}
