import Columns
import Contract
import Synchronization

/// Sees to it that the process stops a query before the kernel ends the process:
/// `moontide.memory.limit`.
///
/// It looks at what the process holds in memory, whoever asked for it, when a batch of columns
/// passes from one operator to the next; a look costs a microsecond and is taken every few
/// milliseconds at most. Nothing is counted for a row.
public final class MemoryWatch: Sendable {
  /// Who may hold much, for the message.
  public struct Holder: Sendable {
    public let name: String
    public let bytes: Int

    public init(_ name: String, bytes: Int) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Of the whole process.
  public static let shared = MemoryWatch { ProcessMemory.heldBytes() }

  /// The condition of the failure that stops a query.
  public static let condition = "MEMORY_LIMIT_EXCEEDED"

  private let limit = Atomic(0)
  private let nextLookNs = Atomic<Int64>(0)
  private let held: @Sendable () -> Int
  private let probes = Mutex<[@Sendable () -> Holder]>([])
  /// What the state of each query's operators was after its last batch.
  private let states = Mutex<[String: [Holder]]>([:])

  /// `held` says how many bytes there are in use.
  init(held: @escaping @Sendable () -> Int) { self.held = held }

  /// 0: no limit.
  public func setLimit(bytes: Int) { limit.store(bytes, ordering: .relaxed) }

  /// Adds somebody to ask when the limit is passed.
  public func add(_ probe: @escaping @Sendable () -> Holder) {
    probes.withLock { $0.append(probe) }
  }

  /// What a query's operators keep after a batch; nothing, once it has ended.
  public func note(_ holders: [Holder], of query: String) {
    states.withLock { $0[query] = holders.isEmpty ? nil : holders }
  }

  // MARK: Looking

  private static let intervalNs: Int64 = 2_000_000

  /// Throws if the process holds more than it may.
  public func check() throws {
    let limit = limit.load(ordering: .relaxed)
    if limit == 0 { return }
    let now = SystemTime.monotonicNs
    let due = nextLookNs.load(ordering: .relaxed)
    guard now >= due,
      nextLookNs.compareExchange(
        expected: due, desired: now + Self.intervalNs, ordering: .relaxed
      ).exchanged, held() > limit
    else { return }
    // What was freed may not have been given back yet.
    ProcessMemory.giveBack()
    let bytes = held()
    if bytes > limit { throw failure(bytes, limit) }
  }

  private func failure(_ bytes: Int, _ limit: Int) -> Failure {
    var holders = [Holder("columns of batches and results", bytes: Buffer.bytesInUse)]
    holders += probes.withLock { $0 }.map { $0() }
    holders += states.withLock { states in
      states.sorted { $0.key < $1.key }.flatMap { query, held in
        held.map { Holder("\($0.name) of \(query), after its last batch", bytes: $0.bytes) }
      }
    }
    return Failure(
      Self.condition,
      "the process holds \(ByteSize.shown(bytes)), and may hold \(ByteSize.shown(limit))",
      hint: "`moontide.memory.limit` sets how much. Smaller batches (`maxFilesPerTrigger`), a "
        + "watermark that lets state go, or `moontide.stateStore` = `rocksdb` need less.",
      details: Self.lines(holders))
  }

  /// One line for each that holds anything worth a word, the largest first.
  public static func lines(_ holders: [Holder]) -> [String] {
    holders.filter { $0.bytes >= 1 << 16 }.sorted { $0.bytes > $1.bytes }
      .map { "\(ByteSize.shown($0.bytes)): \($0.name)" }
  }
}

/// Looks at the memory whenever a batch passes.
final class WatchedStream: BatchStream {
  private let rows: any BatchStream

  init(_ rows: any BatchStream) { self.rows = rows }

  func next() throws -> Batch? {
    try MemoryWatch.shared.check()
    return try rows.next()
  }
}
