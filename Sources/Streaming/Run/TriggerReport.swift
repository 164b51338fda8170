import Contract

/// When a trigger began and where its time went.
struct TriggerReport {
  let startUs: Int64
  let startNs: Int64
  let sinceLastTriggerSeconds: Double?
  private let clock: any Clock
  private var spent: [(name: String, ns: Int64)] = []

  init(clock: any Clock, lastStartNs: Int64?) {
    self.clock = clock
    startUs = clock.nowUs
    startNs = clock.monotonicNs
    sinceLastTriggerSeconds = lastStartNs.map { Double(clock.monotonicNs - $0) / 1e9 }
  }

  /// Runs `body` and adds its time to `name`.
  mutating func timed<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    let start = clock.monotonicNs
    let result = try body()
    let ns = clock.monotonicNs - start
    if let index = spent.firstIndex(where: { $0.name == name }) {
      spent[index].ns += ns
    } else {
      spent.append((name, ns))
    }
    return result
  }

  /// Puts the times into a progress.
  func finish(_ progress: inout QueryProgress) {
    progress.durationNs = clock.monotonicNs - startNs
    let names = [
      "addBatch", "commitOffsets", "getBatch", "latestOffset", "queryPlanning", "walCommit",
    ]
    progress.durationMs = names.compactMap { name in
      spent.first { $0.name == name }.map { (name, $0.ns / 1_000_000) }
    }
    progress.durationMs.append(("triggerExecution", progress.durationNs / 1_000_000))
  }
}
