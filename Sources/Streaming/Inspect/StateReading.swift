import Connectors
import Contract
import Operators
import State

/// What a state reader's options say of versions: which batch, from which snapshot, or the changes
/// of which batches.
struct StateReading {
  let shape: StateRows.Shape
  /// nil: the last committed one.
  let lastBatch: Int64?
  /// The first batch whose changes are wanted; nil: the state is.
  let firstChanged: Int64?
  let partition: Int?
  private let snapshotBatch: Int64?

  init(_ options: Options) throws {
    func batch(_ name: String) throws -> Int64? {
      try options.integer(name, in: 0...Int64.max - 1)
    }
    let readsChanges = try options.boolean("readChangeFeed") ?? false
    let isFlat = try options.boolean("flattenCollectionTypes") ?? true
    let (first, last) = (try batch("changeStartBatchId"), try batch("changeEndBatchId"))
    let batchId = try batch("batchId")
    snapshotBatch = try batch("snapshotStartBatchId")
    partition = try options.integer("snapshotPartitionId", in: 0...Int64(Int32.max)).map(Int.init)
    shape = readsChanges ? .changes : isFlat ? .entries : .collections
    firstChanged = readsChanges ? first : nil
    lastBatch = readsChanges ? last : batchId
    if readsChanges {
      guard first != nil else { throw Self.missing("changeStartBatchId", "readChangeFeed") }
      for (other, isSet) in [
        ("batchId", batchId != nil), ("snapshotStartBatchId", snapshotBatch != nil),
        ("joinSide", options["joinSide"].map { $0 != "none" } ?? false),
        ("flattenCollectionTypes", !isFlat),
        ("readRegisteredTimers", try options.boolean("readRegisteredTimers") ?? false),
      ] where isSet { throw Self.conflict("readChangeFeed", other) }
    } else {
      for (name, value) in [("changeStartBatchId", first), ("changeEndBatchId", last)]
      where value != nil {
        throw StateSource.invalid(
          name, "Only specify this option when 'readChangeFeed' is set to true.",
          "Set `readChangeFeed`, or leave it out")
      }
    }
    if snapshotBatch != nil, partition == nil {
      throw Self.missing("snapshotPartitionId", "snapshotStartBatchId")
    }
    if partition != nil, snapshotBatch == nil {
      throw Self.missing("snapshotStartBatchId", "snapshotPartitionId")
    }
  }

  private static func missing(_ option: String, _ other: String) -> Failure {
    Failure(
      "STDS_REQUIRED_OPTION_UNSPECIFIED", "'\(option)' must be specified.",
      hint: "`\(other)` needs it")
  }

  private static func conflict(_ one: String, _ other: String) -> Failure {
    Failure(
      "STDS_CONFLICT_OPTIONS",
      "The options '\(one)', '\(other)' cannot be specified together.",
      hint: "Leave one of them out")
  }

  /// No batch lies behind the last one.
  func check(last: Int64) throws {
    if let firstChanged, firstChanged > last {
      throw StateSource.invalid(
        "changeEndBatchId",
        "changeStartBatchId cannot be greater than changeEndBatchId: \(firstChanged) > \(last).",
        "Begin at \(last) at the latest")
    }
    if let snapshotBatch, snapshotBatch > last {
      throw StateSource.invalid(
        "snapshotStartBatchId", "value should be less than or equal to \(last)",
        "Begin at \(last) at the latest")
    }
  }

  /// Opens the state as asked.
  func reader(
    _ path: String, _ queryId: String, mark: String?, _ storage: any Storage
  ) throws -> StateReader {
    do {
      let reader = try StateReader(
        directory: path + "/state", queryId: queryId, mark: mark,
        from: snapshotBatch.map { $0 + 1 }, storage: storage)
      if let firstChanged, firstChanged + 1 < reader.firstChangedVersion {
        throw StateSource.invalid(
          "changeStartBatchId", "the changes of batch \(firstChanged) are not kept any more",
          "Begin at \(reader.firstChangedVersion - 1) at the earliest")
      }
      return reader
    } catch let failure as Failure where failure.condition == "STATE_SNAPSHOT_MISSING" {
      throw StateSource.invalid(
        "snapshotStartBatchId", "there is no snapshot of batch \(snapshotBatch ?? 0)",
        "Leave it out: the newest snapshot that serves is found by itself")
    }
  }
}
