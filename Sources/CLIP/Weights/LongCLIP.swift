import Torch

/// LongCLIP's way to keep text positions (arXiv 2403.15378, section 3.1): OpenAI's first 20 as they were, which short texts
/// have trained well, and stretched ones from there on, in two tables of the same size.
enum LongCLIP {
    /// Positions that come from the first table.
    private static let kept = 20
    private static let (first, second) = ("positional_embedding", "positional_embedding_res")

    /// A state with one table in place of two; nil for another state.
    ///
    /// Only LongCLIP's own code has the second table's name. Its towers are OpenAI's, with QuickGELU.
    static func merged(_ state: [String: Tensor]) throws -> [String: Tensor]? {
        guard let start = state[first], let rest = state[second], start.rank == 2, start.shape == rest.shape,
            start.dtype == rest.dtype, start.shape[0] > kept
        else { return nil }
        var merged = state
        merged[first] = try Tensor.concatenated([start.slice(0..<kept), rest.slice(kept..<rest.shape[0])])
        merged[second] = nil
        return merged
    }
}
