/// Sums gradients over the processes of a run.
///
/// Every process differentiates its own part of the one loss over the whole batch, so that the whole gradient is the
/// sum of theirs and not the mean.
public protocol GradientSynchronization: AnyObject {
    /// Comes right before the last backward pass of a step, after whose leaves nothing more is accumulated.
    func begin() throws
    /// Comes right after that pass; when it returns, every parameter's gradient is the sum.
    func finish() throws
}
