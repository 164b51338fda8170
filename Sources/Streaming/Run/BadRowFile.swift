import Columns
import Connectors
import Contract
import Expressions
import Synchronization

/// Where rows go that an operator or a reader puts aside:
/// `:option("badRows", "fail" | "drop" | path)`, `:option("badRows.late", true)`.
///
/// With a path, the bad rows of a batch are one file of JSON lines. It is written under a hidden
/// name, durable, before the sink commits, and gets its name when the batch log holds the commit;
/// where a process ended in between, opening finishes that, and removes what belongs to no
/// committed batch. So the batch log says what is there, and a batch that is run again, by another
/// function perhaps, leaves nothing behind.
final class BadRowFile: Sendable {
  private let directory: String?
  private let queryId: String
  private let takesLateRows: Bool
  private let storage: any Storage
  private let collected = Mutex<Collected?>(nil)
  private let counts = Mutex<[BadRow.Reason: Int64]>([:])

  static let option = "badRows"
  static let lateOption = "badRows.late"
  /// Writer options that are the engine's, not the sink's.
  static let engineOptions: Set<String> = ["checkpointlocation", "badrows", "badrows.late"]

  /// nil: a bad row fails the batch.
  init?(
    _ options: Options, queryId: String, lastCommitted: Int64?, storage: any Storage
  ) throws {
    let policy = options[Self.option] ?? "fail"
    takesLateRows = try options.boolean(Self.lateOption) ?? false
    self.queryId = queryId
    self.storage = storage
    switch policy.lowercased() {
    case "fail":
      guard takesLateRows else { return nil }
      throw Failure(
        "INVALID_OPTION_VALUE", "`\(Self.lateOption)` needs a place for the rows",
        hint: "Give `:option(\"\(Self.option)\", path)` too")
    case "drop": directory = nil
    default:
      let path = try LocalPath.checked(policy)
      try storage.createDirectory(path)
      directory = path
      try show(through: lastCommitted)
    }
  }

  /// Of the last batch, by reason.
  var rowCounts: [(reason: String, count: Int64)] {
    counts.withLock { $0 }.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// `sources` tells whose an input's name is.
  func begin(batch id: Int64, sources: [String: String]) -> any BadRowCollector {
    let batch = Collected(
      id, keepsText: directory != nil, takesLateRows: takesLateRows, sources: sources)
    collected.withLock { $0 = batch }
    return batch
  }

  /// Where rows are kept; nil: they are dropped.
  var path: String? { directory }

  private func name(_ batch: Int64) -> String { "batch-\(batch)-\(queryId).json" }

  /// Makes the bad rows of the batch durable, out of sight.
  func prepare() throws {
    guard let batch = collected.withLock({ $0 }) else { return }
    let (byReason, text) = batch.contents
    counts.withLock { $0 = byReason }
    guard let directory, !text.isEmpty else { return }
    try storage.replace("\(directory)/.\(name(batch.batchId))", Array(text.utf8))
  }

  /// The batch is committed: its bad rows come into view.
  func show() throws {
    guard let directory, let batch = collected.withLock({ $0 }), !batch.contents.text.isEmpty
    else { return }
    try show(batch.batchId, from: ".\(name(batch.batchId))", in: directory)
  }

  /// What stands there already is of a batch that was taken back.
  private func show(_ batch: Int64, from hidden: String, in directory: String) throws {
    let path = "\(directory)/\(name(batch))"
    try storage.remove(path)
    try storage.move("\(directory)/\(hidden)", to: path)
  }

  /// Removes the rows of the batches after this one, which have been taken back.
  static func cut(
    _ directory: String, queryId: String, after last: Int64, storage: any Storage
  ) throws {
    guard try storage.exists(directory) else { return }
    let (start, end) = ("batch-", "-\(queryId).json")
    for found in try storage.list(directory) where found.hasPrefix(start) && found.hasSuffix(end) {
      guard let batch = Int64(found.dropFirst(start.count).dropLast(end.count)) else { continue }
      if batch > last { try storage.remove("\(directory)/\(found)") }
    }
  }

  /// Finishes what the last run left.
  private func show(through last: Int64?) throws {
    guard let directory else { return }
    let (start, end) = (".batch-", "-\(queryId).json")
    for found in try storage.list(directory) where found.hasPrefix(start) && found.contains(end) {
      let path = "\(directory)/\(found)"
      let batch = Int64(found.dropFirst(start.count).dropLast(end.count))
      if found.hasSuffix(end), let batch, let last, batch <= last {
        try show(batch, from: found, in: directory)
      } else {
        try storage.remove(path)
      }
    }
    for found in try storage.list(directory)
    where found.hasPrefix("..batch-") && found.hasSuffix(".tmp") && found.contains(end) {
      try storage.remove("\(directory)/\(found)")
    }
  }

  private final class Collected: BadRowCollector {
    private struct Line {
      let partition: Int
      let text: String
    }

    private struct State {
      var counts: [BadRow.Reason: Int64] = [:]
      var lines: [Line] = []
    }

    let batchId: Int64
    let takesLateRows: Bool
    private let keepsText: Bool
    private let sources: [String: String]
    private let state = Mutex(State())

    init(_ batchId: Int64, keepsText: Bool, takesLateRows: Bool, sources: [String: String]) {
      self.batchId = batchId
      self.keepsText = keepsText
      self.takesLateRows = takesLateRows
      self.sources = sources
    }

    /// In the order of partitions, and in each as they came: the same however workers take turns.
    var contents: (counts: [BadRow.Reason: Int64], text: String) {
      state.withLock { state in
        let lines = state.lines.enumerated().sorted {
          ($0.element.partition, $0.offset) < ($1.element.partition, $1.offset)
        }
        return (state.counts, lines.map(\.element.text).joined())
      }
    }

    func put(_ row: BadRow, task: TaskContext) {
      let line = keepsText ? self.line(row, task) : ""
      state.withLock { state in
        state.counts[row.reason, default: 0] += 1
        if keepsText { state.lines.append(Line(partition: task.partition, text: line)) }
      }
    }

    private func line(_ row: BadRow, _ task: TaskContext) -> String {
      let values = zip(row.schema.fields, row.values).map {
        JSONMember($0.name, JSON($1, $0.type))
      }
      let isFile = task.inputName.hasPrefix("/")
      var members = [
        ("batchId", JSON.integer(batchId)), ("reason", .text(row.reason.rawValue)),
        ("class", .text(row.failure.condition)), ("message", .text(row.failure.message)),
        ("where", row.failure.origin.map { .text($0.description) } ?? .null),
        ("source", sources[task.inputName].map { .text($0) } ?? .null),
      ]
      members.append(
        isFile ? ("file", .text(task.inputName)) : ("partition", .integer(Int64(task.partition))))
      members += [("position", .integer(Int64(row.position))), ("row", .object(values))]
      return JSON.object(members.map { JSONMember($0, $1) }).description + "\n"
    }
  }
}
