import Foundation
import Torch

/// Who of a run's processes is alive, by what each writes into the store they met at: a count that goes up every
/// second, the operation in which it saw the others fail, and the error it ended with.
final class Roster: @unchecked Sendable {
    private let store: RendezvousStore
    private let rank: Int
    private let worldSize: Int
    private let servesStore: Bool
    /// Seconds between signs of life.
    private let interval: Double
    /// Seconds without a sign after which a rank is gone: more than three of them.
    private var silence: Double { 3.5 * interval }
    private let condition = NSCondition()
    private var isStopped = false

    /// - Parameter store: a connection of its own, so that no other operation's waiting stops the signs of life.
    init(store: RendezvousStore, rank: Int, worldSize: Int, servesStore: Bool, interval: Double = 1) {
        self.store = store
        self.rank = rank
        self.worldSize = worldSize
        self.servesStore = servesStore
        self.interval = interval
    }

    func start() {
        let thread = Thread { [store, rank, weak self] in
            while self?.waitForNext() == true { _ = try? store.add(1, to: "alive/\(rank)") }
        }
        thread.name = "sign-of-life"
        thread.start()
    }

    /// Waits for the next sign of life to be due; false once stopped.
    private func waitForNext() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        if !isStopped { _ = condition.wait(until: Date(timeIntervalSinceNow: interval)) }
        return !isStopped
    }

    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }

    private var others: [Int] { (0..<worldSize).filter { $0 != rank } }

    private func signsOfLife(_ other: Int) throws -> Int { try store.add(0, to: "alive/\(other)") }

    /// Lets the others know why this process ends by itself, and gives them the time to read it.
    func report(_ message: String) {
        try? store.set("error", to: "rank \(rank) ended with an error: \(message)")
        linger(for: others)
    }

    /// Lets those that wait for this process's turn know that it ends for another's sake.
    func reportAbort(_ message: String) { try? store.set("aborted/\(rank)", to: message) }

    /// Says who is to blame for an operation that failed here.
    func explain(_ operation: String) -> String {
        do {
            try store.set("failed/\(rank)", to: operation)
            let before = try others.map { try signsOfLife($0) }
            let end = Date(timeIntervalSinceNow: silence)
            while Date() < end {
                if let message = try store.value(of: "error") { return told(message) }
                if try others.allSatisfy({ try store.value(of: "failed/\($0)") != nil }) { break }
                Thread.sleep(forTimeInterval: interval / 20)
            }
            var dead: [Int] = []
            var stuck: [Int] = []
            for (other, count) in zip(others, before) where try store.value(of: "failed/\(other)") == nil {
                if try signsOfLife(other) == count { dead.append(other) } else { stuck.append(other) }
            }
            let message = try store.value(of: "error") ?? describe(dead: dead, stuck: stuck)
            return told(message, stuck: stuck)
        } catch {
            return servesStore
                ? "the store cannot be used: \(error)"
                : "nobody serves the store any more: rank 0, or the launcher, is gone"
        }
    }

    private func describe(dead: [Int], stuck: [Int]) -> String {
        func ranks(_ list: [Int]) -> String {
            (list.count == 1 ? "rank " : "ranks ") + list.prefix(8).map(String.init).joined(separator: ", ")
                + (list.count > 8 ? " and \(list.count - 8) more" : "")
        }
        if !dead.isEmpty { return "\(ranks(dead)) died or lost the network: no sign of life any more" }
        if !stuck.isEmpty { return "\(ranks(stuck)) stayed away, though alive" }
        return "all ranks are alive, but the connection between some of them broke"
    }

    private func told(_ message: String, stuck: [Int] = []) -> String {
        try? store.set("told/\(rank)", to: "")
        linger(for: others.filter { !stuck.contains($0) })
        return message
    }

    /// Whoever serves the store stays until the living others know what happened, for a while at most.
    private func linger(for ranks: [Int]) {
        guard servesStore else { return }
        func hasTold(_ other: Int) -> Bool {
            do { return try store.value(of: "told/\(other)") != nil } catch { return true }
        }
        let end = Date(timeIntervalSinceNow: 6 * interval)
        let firstCheck = Date(timeIntervalSinceNow: silence)
        let before = ranks.map { try? signsOfLife($0) }
        var left = Array(zip(ranks, before))
        while Date() < end {
            left.removeAll { hasTold($0.0) }
            if Date() > firstCheck { left.removeAll { $0.1 == (try? signsOfLife($0.0)) } }
            if left.isEmpty { return }
            Thread.sleep(forTimeInterval: interval / 20)
        }
    }

    // MARK: Turns

    /// Tells the others that rank 0 has done what they wait for.
    func finishTurn(_ number: Int) throws { try store.set("turn/\(number)", to: "") }

    /// Waits for rank 0, as long as it takes: only when it shows no sign of life for `patience` seconds (and for
    /// longer than a few of them are apart), or has ended with an error, is it given up.
    /// - Returns: what is wrong, or nil when rank 0 is done.
    func waitForTurn(_ number: Int, patience: Double) throws -> String? {
        var count = try signsOfLife(0)
        var lastSign = Date()
        var pause = 0.002
        while try store.value(of: "turn/\(number)") == nil {
            if let message = try store.value(of: "error") ?? store.value(of: "aborted/0") { return message }
            let now = try signsOfLife(0)
            if now != count { (count, lastSign) = (now, Date()) }
            if -lastSign.timeIntervalSinceNow > max(patience, silence) { return describe(dead: [0], stuck: []) }
            Thread.sleep(forTimeInterval: pause)
            pause = min(0.25, pause * 1.5)
        }
        return nil
    }

    // MARK: Agreement

    /// Gives a text to the others, who can read it once this returns.
    func publish(_ text: String, as name: String) throws {
        try store.set("\(name)/\(rank)", to: text)
        // Setting does not wait; an answer on the same connection says that the server has the value.
        _ = try published(name, by: rank)
    }
    func published(_ name: String, by other: Int) throws -> String? { try store.value(of: "\(name)/\(other)") }
}
