import Columns
import Connectors
import Contract
import Operators
import State

/// `format("statestore")`: the state of a committed batch as rows, while the query runs or not.
public enum StateSource {
  private static let parameters: [Parameter] = [
    Parameter("path", .text, "The checkpoint; `load(path)` sets it."),
    Parameter("batchId", .integer, default: "the last", "A committed batch that is still kept."),
    Parameter(
      "operatorId", .text, default: "0",
      "Which stateful operator: its number, counted from the sink down, or the name that "
        + "`df:uid` gave it."),
    Parameter("joinSide", .text, default: "none", "Which side of a join: `left` or `right`."),
    Parameter("stateVarName", .text, default: "none", "Which state of `transformWithState`."),
    Parameter(
      "readRegisteredTimers", .boolean, default: "false",
      "The timers of `transformWithState` instead of a state."),
    Parameter(
      "flattenCollectionTypes", .boolean, default: "true",
      "A row for each element of a list and entry of a map; otherwise one for each key, with "
        + "`list_value` or `map_value`."),
    Parameter(
      "snapshotStartBatchId", .integer, default: "the newest snapshot",
      "The batch whose snapshot is read before the changes since; needs `snapshotPartitionId`."),
    Parameter(
      "snapshotPartitionId", .integer, default: "all",
      "The only partition that is read, with `snapshotStartBatchId`."),
    Parameter(
      "readChangeFeed", .boolean, default: "false",
      "The changes of some batches instead of the state: `batch_id` and `change_type` (`update`, "
        + "`delete`) stand before the other columns."),
    Parameter("changeStartBatchId", .integer, default: "none", "The first batch of the changes."),
    Parameter("changeEndBatchId", .integer, default: "the last", "The last batch of the changes."),
  ]

  private static let notes = """
    The rows have the columns `key` and `value` (structures) and `partition_id`, as Spark's state \
    reader gives them. A list of `transformWithState` is a row an element with `list_element` in \
    the place of `value`, a map a row an entry with `user_map_key` and `user_map_value`; timers \
    have `expiration_timestamp_ms`.
    """

  /// The source as a component.
  public static func spec(_ storage: any Storage) -> SourceSpec {
    SourceSpec(
      Spec(
        .source, "statestore", category: "state",
        summary: "Reads the state of a streaming query from its checkpoint, in batch.",
        parameters: parameters, notes: notes),
      schema: { try table($0, storage).schema },
      table: { try table($0, storage) })
  }

  private static func table(
    _ request: SourceRequest, _ storage: any Storage
  ) throws -> StateTable {
    let options = request.options
    try options.check(against: parameters, of: request.format)
    if request.schema != nil {
      throw Failure(
        "UNSUPPORTED_SCHEMA", "`statestore` knows the schema of its rows",
        hint: "Leave out `:schema(…)`")
    }
    let path = try checkpointPath(options)
    let contents = try CheckpointContents(path, storage: storage)
    if let problem = contents.problems.first { throw problem }
    let reading = try StateReading(options)
    let batch = try contents.committed(reading.lastBatch)
    try reading.check(last: batch.offsets.batchId)
    guard let run = contents.run(batch.commit?.runId ?? batch.offsets.runId) else {
      throw Failure(
        "STDS_FAILED_TO_READ_STATE_SCHEMA",
        "the batch log of `\(path)` does not describe the run of batch \(batch.offsets.batchId)",
        hint: "Run the query once more")
    }
    let one = try stateful(run, options)
    let reader = try reading.reader(
      path, contents.queryId, mark: batch.commit?.stateMark, storage)
    return StateTable(
      path: path, operatorId: one.id,
      rows: StateRows(one.layout, try part(one, options), reading.shape), reader: reader,
      onlyPartition: reading.partition,
      versions: reading.firstChanged.map { $0 + 1...batch.offsets.batchId + 1 })
  }

  static func checkpointPath(_ options: Options) throws -> String {
    guard let path = options["path"], !path.isEmpty else {
      throw Failure("PATH_NOT_SPECIFIED", "no checkpoint is given", hint: "Call `:load(path)`")
    }
    return LocalPath.absolute(path)
  }

  static func invalid(_ option: String, _ why: String, _ hint: String) -> Failure {
    Failure(
      "STDS_INVALID_OPTION_VALUE.WITH_MESSAGE",
      "Invalid value for source option '\(option)': \(why)", hint: hint)
  }

  private static func stateful(
    _ run: RunRecord, _ options: Options
  ) throws -> RunRecord.Operator {
    let all = run.numberedOperators
    let wanted = options["operatorId"] ?? "0"
    if let number = Int(wanted), all.indices.contains(number) { return all[number] }
    if let found = all.first(where: { $0.id == wanted || $0.id == "uid:" + wanted }) {
      return found
    }
    let known = all.enumerated().map { "\($0) (\($1.layout.name))" }
    throw invalid(
      "operatorId", "the query has no stateful operator \(wanted)",
      known.isEmpty ? "It keeps no state" : "It has " + known.joined(separator: ", "))
  }

  /// Which of the operator's stores is asked for.
  private static func part(
    _ one: RunRecord.Operator, _ options: Options
  ) throws -> StateRows.Part {
    let side = try options.word("joinSide", of: ["left", "right", "none"])
    let name = options["stateVarName"]
    let wantsTimers = try options.boolean("readRegisteredTimers") ?? false
    let isJoin = one.layout.encoding == .join
    let isProcessor = one.layout.encoding == .processor
    if let side, side != "none", !isJoin {
      throw invalid(
        "joinSide", "the operator is \(one.layout.name), not a join", "Leave the option out")
    }
    if !isProcessor, name != nil || wantsTimers {
      throw invalid(
        name != nil ? "stateVarName" : "readRegisteredTimers",
        "Providing state variable names is only supported with the transformWithState operator. "
          + "Found operator=\(one.layout.name)", "Leave the option out")
    }
    if isProcessor, wantsTimers {
      guard name == nil else {
        throw Failure(
          "STDS_CONFLICT_OPTIONS",
          "The options 'stateVarName', 'readRegisteredTimers' cannot be specified together",
          hint: "Leave one of them out")
      }
      return .timers
    }
    let wanted = isJoin ? side : isProcessor ? name : "default"
    let option = isJoin ? "joinSide" : "stateVarName"
    guard let wanted, wanted != "none" else {
      throw Failure(
        "STDS_REQUIRED_OPTION_UNSPECIFIED", "'\(option)' must be specified for \(one.layout.name)",
        hint: "It is one of " + one.layout.stores.map { "`\($0.name)`" }.joined(separator: ", "))
    }
    guard let store = one.layout.store(named: wanted) else {
      throw invalid(
        option, "the operator has no state `\(wanted)`",
        Suggestion.sentence(for: wanted, among: one.layout.stores.map(\.name))
          ?? "It has " + one.layout.stores.map { "`\($0.name)`" }.joined(separator: ", "))
    }
    return .store(store)
  }
}

/// The entries of one store, a split a partition.
private struct StateTable: StaticSource {
  let path: String
  let operatorId: String
  let rows: StateRows
  let reader: StateReader
  let onlyPartition: Int?
  /// Whose changes are wanted; nil: the state is.
  let versions: ClosedRange<Int64>?

  var schema: Schema { rows.schema }
  var description: String { "StateStore[\(path)]" }

  func splits() -> [any InputSplit] {
    reader.partitions(of: operatorId).filter { $0 == onlyPartition ?? $0 }
      .map { StateSplit(table: self, partition: $0) }
  }
}

private struct StateSplit: InputSplit {
  let table: StateTable
  let partition: Int

  var description: String { "\(table.path), partition \(partition)" }

  func open(_ request: ReadRequest) throws -> any BatchStream {
    let all =
      if let versions = table.versions {
        try table.rows.changes(
          table.reader, operatorId: table.operatorId, partition: partition, versions: versions)
      } else {
        try table.rows.batch(table.reader, operatorId: table.operatorId, partition: partition)
      }
    return BatchList(all.choosing(request.columns).chunks(of: request.batchRows))
  }
}
