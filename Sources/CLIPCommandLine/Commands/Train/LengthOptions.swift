import ArgumentParser
import CLIPTraining

/// How long a run is, and how many pairs a step has.
struct LengthOptions: ParsableArguments {
    @Option(help: "Pairs per step, over all processes together.")
    var batchSize = 256
    @Option(
        help: ArgumentHelp(
            "Pairs through the towers at a time; the gradient stays the whole batch's (default: all, or 256 of more than "
                + "1024)."))
    var microBatchSize: Int?
    @Option(help: "Times through the data (default 32, unless --steps is given).")
    var epochs: Int?
    @Option(help: "Steps in all, instead of epochs.")
    var steps: Int?
}
