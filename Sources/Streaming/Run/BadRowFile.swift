import Columns
import Connectors
import Contract
import Expressions
import Synchronization

/// Where rows go that an operator puts aside: `:option("badRows", "fail" | "drop" | path)`.
///
/// With a path, the bad rows of a batch are one file of JSON lines, named by the batch, made
/// durable before the sink commits: a repeated batch replaces it.
final class BadRowFile: Sendable {
  private let directory: String?
  private let storage: any Storage
  private let collected = Mutex<Collected?>(nil)
  private let total = Mutex<Int64>(0)

  /// Writer options that are the engine's, not the sink's.
  static let engineOptions: Set<String> = ["checkpointlocation", "badrows"]

  /// nil: a bad row fails the batch.
  init?(_ options: Options, storage: any Storage) throws {
    guard let policy = options["badRows"], policy.lowercased() != "fail" else { return nil }
    self.storage = storage
    directory = policy.lowercased() == "drop" ? nil : policy
    if let directory { try storage.createDirectory(directory) }
  }

  /// Of the last batch.
  var rowCount: Int64 { total.withLock { $0 } }

  func begin(batch id: Int64) -> any BadRowCollector {
    let batch = Collected(id, keepsText: directory != nil)
    collected.withLock { $0 = batch }
    return batch
  }

  /// Makes the bad rows of the batch durable.
  func commit() throws {
    guard let batch = collected.withLock({ $0 }) else { return }
    let (count, text) = batch.contents
    total.withLock { $0 = count }
    guard let directory, count > 0 else { return }
    try storage.replace("\(directory)/batch-\(batch.batchId).json", Array(text.utf8))
  }

  private final class Collected: BadRowCollector {
    let batchId: Int64
    private let keepsText: Bool
    private let state = Mutex<(count: Int64, text: String)>((0, ""))

    init(_ batchId: Int64, keepsText: Bool) {
      self.batchId = batchId
      self.keepsText = keepsText
    }

    var contents: (Int64, String) { state.withLock { $0 } }

    func put(_ row: [Scalar], schema: Schema, reason: Failure, task: TaskContext) {
      let line = keepsText ? self.line(row, schema, reason, task) : ""
      state.withLock { state in
        state.count += 1
        state.text += line
      }
    }

    private func line(
      _ row: [Scalar], _ schema: Schema, _ reason: Failure, _ task: TaskContext
    ) -> String {
      let values = zip(schema.fields, row).map { JSONMember($0.name, JSON($1, $0.type)) }
      return JSON.of([
        "batchId": .integer(batchId), "reason": .text(reason.hint ?? reason.message),
        "class": .text(reason.condition), "message": .text(reason.message),
        "where": reason.origin.map { .text($0.description) } ?? .null,
        "source": .text(task.inputName), "partition": .integer(Int64(task.partition)),
        "row": .object(values),
      ]).description + "\n"
    }
  }
}
