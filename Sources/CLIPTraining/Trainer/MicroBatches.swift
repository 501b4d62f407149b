import CLIP
import Torch
import TorchNN

/// A batch that goes through the towers in parts, twice: once for the embeddings, and, when the gradient with respect
/// to them is known, once more to carry it on (Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory
/// Limited Setup", arXiv 2101.06983).
///
/// Random numbers are the same in both passes, and the generators end where one pass leaves them. What the last part's
/// first pass recorded is kept, which saves its second and costs no more memory than one part takes anyway.
final class MicroBatches {
    enum Tower: CaseIterable {
        case pictures
        case texts
    }

    typealias Encode = (Tower, Range<Int>) throws -> Tensor

    private let chunks: [Range<Int>]
    private let device: Device
    /// Towers that have something to learn; the others go through once.
    private let learning: Set<Tower>
    /// The generators' states before each part's first pass; nil where it drew nothing, and nothing has to be replayed.
    private var states: [Tower: [RandomState?]] = [:]
    /// The last part's embeddings, still to be differentiated.
    private var kept: [Tower: Tensor] = [:]

    init(batch: TrainingBatch, size: Int, model: DualEncoder) throws {
        chunks = stride(from: 0, to: batch.count, by: size).map { $0..<min($0 + size, batch.count) }
        device = model.device
        var learning: Set<Tower> = []
        if try model.visual.parameters.contains(where: \.tensor.requiresGradient) { learning.insert(.pictures) }
        if try model.text.parameters.contains(where: \.tensor.requiresGradient) { learning.insert(.texts) }
        self.learning = learning
    }

    /// All parts through a tower: `[B, E]`, cut off from differentiation.
    func embed(_ tower: Tower, _ encode: Encode) throws -> Tensor {
        var parts: [Tensor] = []
        for chunk in chunks {
            if chunk == chunks.last, learning.contains(tower) {
                let last = try encode(tower, chunk)
                kept[tower] = last
                parts.append(try last.detached())
            } else {
                let before = try RandomState(device)
                parts.append(try Engine.withoutGradients { try encode(tower, chunk) })
                states[tower, default: []].append(try before.equals(RandomState(device)) ? nil : before)
            }
        }
        return parts.count == 1 ? parts[0] : try Tensor.concatenated(parts)
    }

    /// Carries the gradient of the embeddings on to the parameters.
    /// - Parameter lastPass: runs what it is given, the last backward pass of all.
    func backward(
        pictures: Tensor, texts: Tensor, encode: Encode, lastPass: (() throws -> Void) throws -> Void = { try $0() }
    ) throws {
        let after = try RandomState(device)
        let gradients: [Tower: Tensor] = [.pictures: pictures, .texts: texts]
        // The last part first: its memory is needed for the others.
        let order = [chunks.count - 1] + Array(0..<(chunks.count - 1))
        for (place, index) in order.enumerated() {
            let roots = try Tower.allCases.compactMap { tower -> (Tensor, gradient: Tensor?)? in
                guard learning.contains(tower), let gradient = try gradients[tower]?.slice(chunks[index]) else {
                    return nil
                }
                if place == 0 { return kept.removeValue(forKey: tower).map { ($0, gradient) } }
                try states[tower]?[index]?.restore()
                return (try encode(tower, chunks[index]), gradient)
            }
            let pass = { if !roots.isEmpty { try Tensor.backward(roots) } }
            if place == order.count - 1 { try lastPass(pass) } else { try pass() }
        }
        if states.values.contains(where: { $0.contains { $0 != nil } }) { try after.restore() }
    }
}
