/// Which of a run's processes this one is, and where they meet: what launchers tell in the environment.
///
/// Understood are torchrun and Kubernetes' PyTorchJob (`RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR`,
/// `MASTER_PORT`), Slurm's srun (`SLURM_PROCID`, `SLURM_NTASKS`, `SLURM_LOCALID`) and Open MPI's mpirun
/// (`OMPI_COMM_WORLD_RANK` and so on), in this order.
public struct TorchrunEnvironment: Sendable, Equatable {
    /// This process among ``worldSize``, from 0.
    public var rank: Int
    /// Processes over all machines, 2 or more as ``read(_:)`` gives it.
    public var worldSize: Int
    /// This process among those of its machine, from 0; which GPU is its own.
    public var localRank: Int
    /// Processes on this machine, which share its cores.
    public var localWorldSize: Int
    /// The name or address of rank 0's machine, where all meet.
    public var host: String
    /// The TCP port of the store at ``host``.
    public var port: Int
    /// Whether the launcher serves the store at ``host``; otherwise rank 0 does.
    public var isServedByLauncher = false
    /// How often the launcher has started all processes again: a store that outlives them must not mix them up.
    public var restartCount = 0

    /// Names of one launcher's variables.
    private struct Names {
        let rank: String
        let worldSize: [String]
        let localRank: String
        let localWorldSize: String?
        let launcher: String
    }

    private static let launchers = [
        Names(
            rank: "RANK", worldSize: ["WORLD_SIZE"], localRank: "LOCAL_RANK", localWorldSize: "LOCAL_WORLD_SIZE",
            launcher: "torchrun"),
        Names(
            rank: "SLURM_PROCID", worldSize: ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"], localRank: "SLURM_LOCALID",
            localWorldSize: nil, launcher: "Slurm"),
        Names(
            rank: "OMPI_COMM_WORLD_RANK", worldSize: ["OMPI_COMM_WORLD_SIZE"],
            localRank: "OMPI_COMM_WORLD_LOCAL_RANK", localWorldSize: "OMPI_COMM_WORLD_LOCAL_SIZE",
            launcher: "Open MPI"),
    ]

    /// What the environment says; nil for a process that runs by itself.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for a variable that is missing or makes no sense.
    public static func read(_ environment: [String: String]) throws -> TorchrunEnvironment? {
        for names in launchers {
            guard environment[names.rank] != nil || names.worldSize.contains(where: { environment[$0] != nil }) else {
                continue
            }
            let worldSizeName = names.worldSize.first { environment[$0] != nil } ?? names.worldSize[0]
            let worldSize = try number(worldSizeName, in: environment, 1...1_000_000)
            if worldSize == 1 { return nil }
            return try TorchrunEnvironment(names, worldSize: worldSize, environment)
        }
        return nil
    }

    public init(
        rank: Int, worldSize: Int, localRank: Int = 0, localWorldSize: Int = 1, host: String, port: Int
    ) {
        self.rank = rank
        self.worldSize = worldSize
        self.localRank = localRank
        self.localWorldSize = localWorldSize
        self.host = host
        self.port = port
    }

    private init(_ names: Names, worldSize: Int, _ environment: [String: String]) throws {
        self.worldSize = worldSize
        rank = try Self.number(names.rank, in: environment, 0...worldSize - 1)
        // PyTorchJob names no local rank: its pods have one process each.
        localRank = try Self.number(names.localRank, in: environment, 0...worldSize - 1, default: 0)
        if names.launcher == "Slurm" {
            localWorldSize = Self.tasksPerNode(environment) ?? 1
        } else {
            localWorldSize =
                try names.localWorldSize.map {
                    try Self.number($0, in: environment, 1...worldSize, default: 1)
                } ?? 1
        }
        guard localRank < localWorldSize || localWorldSize == 1 else {
            throw TrainingError.invalidOption(
                name: names.localRank, problem: "\(localRank) is not below the \(localWorldSize) of this machine")
        }
        if let host = environment["MASTER_ADDR"], !host.isEmpty {
            self.host = host
        } else if names.launcher == "Slurm", let host = Self.firstNode(environment) {
            self.host = host
        } else {
            throw TrainingError.invalidOption(
                name: "MASTER_ADDR",
                problem: "not set, but \(names.launcher) started \(worldSize) processes. Set it to the host of rank 0, "
                    + "and MASTER_PORT to a free port there; or unset \(names.rank) to train in one process")
        }
        if environment["MASTER_PORT"] == nil, let job = environment["SLURM_JOB_ID"].flatMap({ Int($0) }), job >= 0 {
            // Jobs that share a machine should not meet.
            port = 15_000 + job % 20_000
        } else {
            port = try Self.number("MASTER_PORT", in: environment, 1...65_535)
        }
        restartCount = try Self.number("TORCHELASTIC_RESTART_COUNT", in: environment, 0...Int(Int32.max), default: 0)
        isServedByLauncher = environment["TORCHELASTIC_USE_AGENT_STORE"]?.lowercased() == "true"
    }

    private static func number(
        _ name: String, in environment: [String: String], _ range: ClosedRange<Int>, default: Int? = nil
    ) throws -> Int {
        guard let text = environment[name] else {
            if let value = `default` { return value }
            throw TrainingError.invalidOption(
                name: name, problem: "not set, though other variables say that several processes were started")
        }
        guard let value = Int(text), range.contains(value) else {
            throw TrainingError.invalidOption(
                name: name, problem: "'\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `2(x3),1` means two tasks on each of three nodes and one on the last: the node's own entry is counted up to.
    private static func tasksPerNode(_ environment: [String: String]) -> Int? {
        let text = environment["SLURM_STEP_TASKS_PER_NODE"] ?? environment["SLURM_TASKS_PER_NODE"] ?? ""
        var node = environment["SLURM_NODEID"].flatMap { Int($0) } ?? 0
        for part in text.split(separator: ",") {
            let pieces = part.split(separator: "(")
            guard let tasks = pieces.first.flatMap({ Int($0) }), tasks > 0 else { return nil }
            let nodes = pieces.count > 1 ? Int(pieces[1].dropFirst().dropLast()) ?? 1 : 1
            if node < nodes { return tasks }
            node -= nodes
        }
        return nil
    }

    /// The first of `node[03-05,9],other`: rank 0 runs there.
    private static func firstNode(_ environment: [String: String]) -> String? {
        let list = environment["SLURM_STEP_NODELIST"] ?? environment["SLURM_JOB_NODELIST"] ?? ""
        guard let bracket = list.firstIndex(of: "["), !list[..<bracket].contains(",") else {
            return list.split(separator: ",").first.map(String.init)
        }
        let number = list[list.index(after: bracket)...].prefix { $0.isNumber }
        guard let close = list.firstIndex(of: "]"), !number.isEmpty else { return nil }
        let rest = list[list.index(after: close)...].prefix { $0 != "," }
        return rest.contains("[") ? nil : list[..<bracket] + String(number) + rest
    }
}
