import Files

/// A wish that a run come to its end early.
public typealias StopRequest = Files.StopRequest

/// What turns signals into such a wish.
public typealias StopSignals = Files.StopSignals

/// Work that was given up because somebody asked for it.
public struct RunStopped: Error {}
