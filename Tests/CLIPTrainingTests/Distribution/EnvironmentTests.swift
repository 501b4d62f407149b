import Testing

@testable import CLIPTraining

/// What launchers say about a run's processes.
@Suite struct EnvironmentTests {
    private static let torchrun = [
        "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "node-0",
        "MASTER_PORT": "29500", "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "2",
        // torchrun inside a Slurm job: its own variables count.
        "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0",
    ]
    private static let slurm = [
        "SLURM_PROCID": "3", "SLURM_NTASKS": "6", "SLURM_LOCALID": "1", "SLURM_NODEID": "1",
        "SLURM_STEP_TASKS_PER_NODE": "2(x3)", "SLURM_JOB_ID": "40123", "SLURM_STEP_NODELIST": "gpu[03-05,9]-ib,other",
    ]

    @Test func torchrunsVariablesAreRead() throws {
        let found = try #require(try TorchrunEnvironment.read(Self.torchrun))
        var expected = TorchrunEnvironment(
            rank: 5, worldSize: 8, localRank: 1, localWorldSize: 4, host: "node-0", port: 29500)
        expected.isServedByLauncher = true
        expected.restartCount = 2
        #expect(found == expected)
    }

    @Test func aPyTorchJobHasOneProcessAPod() throws {
        let found = try TorchrunEnvironment.read(
            ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "job-master-0", "MASTER_PORT": "23456"])
        #expect(found == TorchrunEnvironment(rank: 1, worldSize: 2, host: "job-master-0", port: 23456))
    }

    @Test func slurmsVariablesAreRead() throws {
        let found = try TorchrunEnvironment.read(Self.slurm)
        #expect(
            found
                == TorchrunEnvironment(
                    rank: 3, worldSize: 6, localRank: 1, localWorldSize: 2, host: "gpu03-ib", port: 15_000 + 123))
        var named = Self.slurm
        named["MASTER_ADDR"] = "10.0.0.1"
        named["MASTER_PORT"] = "4000"
        #expect(try TorchrunEnvironment.read(named)?.host == "10.0.0.1")
        #expect(try TorchrunEnvironment.read(named)?.port == 4000)
        for (list, first) in [("one", "one"), ("a-1,b-2", "a-1"), ("n,m[1-2]", "n"), ("rack[1-2]n[3-4]", nil)] {
            var other = Self.slurm
            other["SLURM_STEP_NODELIST"] = list
            if let first {
                #expect(try TorchrunEnvironment.read(other)?.host == first)
            } else {
                #expect(throws: TrainingError.self) { try TorchrunEnvironment.read(other) }
            }
        }
    }

    @Test func openMPIsVariablesAreRead() throws {
        let found = try TorchrunEnvironment.read([
            "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
            "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1234",
        ])
        #expect(
            found
                == TorchrunEnvironment(
                    rank: 1, worldSize: 2, localRank: 1, localWorldSize: 2, host: "localhost", port: 1234))
    }

    @Test func oneProcessIsNoGroup() throws {
        #expect(try TorchrunEnvironment.read([:]) == nil)
        #expect(try TorchrunEnvironment.read(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
        #expect(try TorchrunEnvironment.read(["SLURM_PROCID": "0", "SLURM_NTASKS": "1"]) == nil)
    }

    @Test(arguments: [
        ("RANK", "8", "RANK"), ("RANK", "-1", "RANK"), ("RANK", "x", "RANK"), ("RANK", nil, "RANK"),
        ("WORLD_SIZE", "0", "WORLD_SIZE"), ("WORLD_SIZE", nil, "WORLD_SIZE"),
        ("WORLD_SIZE", "99999999999999999999", "WORLD_SIZE"),
        ("LOCAL_RANK", "4", "LOCAL_RANK"), ("LOCAL_WORLD_SIZE", "9", "LOCAL_WORLD_SIZE"),
        ("MASTER_ADDR", nil, "MASTER_ADDR"), ("MASTER_ADDR", "", "MASTER_ADDR"),
        ("MASTER_PORT", nil, "MASTER_PORT"), ("MASTER_PORT", "0", "MASTER_PORT"),
        ("MASTER_PORT", "65536", "MASTER_PORT"), ("TORCHELASTIC_RESTART_COUNT", "many", "TORCHELASTIC_RESTART_COUNT"),
    ]) func aVariableThatMakesNoSenseIsNamed(_ name: String, _ value: String?, _ expected: String) throws {
        var environment = Self.torchrun
        environment[name] = value
        let error = #expect(throws: TrainingError.self) { try TorchrunEnvironment.read(environment) }
        guard case .invalidOption(let named, let problem) = error else {
            return #expect(Bool(false), "\(error as Any)")
        }
        #expect(named == expected && (value ?? "").isEmpty || problem.contains(value ?? ""), "\(named): \(problem)")
    }
}
