import Columns
import Connectors
import Contract
import Expressions
import Operators

/// What may change between two runs of a query, and what may not: Spark's rules, checked before any
/// batch. `old` is the last run that logged a batch, `new` the one that begins.
struct RestartRules {
  let old: RunRecord
  let new: RunRecord
  /// Where the script makes the operators, by id.
  let origins: [String: Origin]

  /// nil: no run has logged a batch yet.
  init?(old: RunRecord?, new: RunRecord, origins: [String: Origin]) {
    guard let old else { return nil }
    (self.old, self.new, self.origins) = (old, new, origins)
  }

  private static let goBack =
    "Go back to the query that made the checkpoint, or start with a new checkpoint directory"

  /// Refuses other sources: their offsets would mean something else.
  static func checkSources(_ old: [String], _ new: [String], offsetCount: Int?) throws {
    func kind(_ description: String) -> Substring { description.prefix { $0 != "[" } }
    let count = offsetCount ?? old.count
    let details = [
      "checkpoint: " + old.joined(separator: ", "), "query: " + new.joined(separator: ", "),
    ]
    guard count == new.count else {
      throw Failure(
        "STREAMING_SOURCES_NOT_MATCH",
        "There are [\(count)] sources in the checkpoint offsets and now there are [\(new.count)] "
          + "sources requested by the query. Cannot continue", hint: goBack, details: details)
    }
    for (index, (was, now)) in zip(old, new).enumerated() where kind(was) != kind(now) {
      throw Failure(
        "STREAMING_SOURCES_NOT_MATCH",
        "source \(index) was a \(kind(was)) and is a \(kind(now)): offsets of one mean nothing to "
          + "the other", hint: goBack, details: details)
    }
  }

  /// Refuses a sink whose log and the checkpoint do not tell the same story: a directory that does
  /// not hold the committed batches, or one that holds more than the checkpoint knows.
  static func checkSink(
    _ sink: any StreamSink, against progress: LoggedProgress, _ record: RunRecord.Sink
  ) throws {
    guard let last = sink.lastLoggedBatch else { return }
    let was = progress.run?.sink
    let details = [
      "checkpoint: " + (was.map { "`\($0.format)` \($0.description)" } ?? "no batch yet"),
      "query: `\(record.format)` \(record.description)",
    ]
    let committed = progress.lastCommit?.batchId ?? -1
    if last < committed {
      throw Failure(
        "STREAMING_SINK_NOT_MATCH",
        "the checkpoint has committed batch \(committed), and the last that the sink's log knows is "
          + (last < 0 ? "none" : "\(last)"),
        hint: "Write to the sink that has the earlier batches, or start with a new checkpoint "
          + "directory", details: details)
    }
    if last > progress.lastOffsets?.batchId ?? -1 {
      throw Failure(
        "STREAMING_SINK_NOT_MATCH",
        "the sink has batch \(last) already, and the last that the checkpoint knows is "
          + (progress.lastOffsets.map { "\($0.batchId)" } ?? "none"),
        hint: "The checkpoint is an older copy; put back the newer one, or write to a directory of "
          + "its own", details: details)
    }
  }

  /// Refuses what the state in the checkpoint cannot serve.
  func check() throws {
    for now in new.operators {
      guard let was = old.operators.first(where: { $0.id == now.id }) else {
        preconditionFailure("operators are matched before their states are compared")
      }
      try withOrigin(origins[now.id]) {
        try checkKey(was, now)
        try checkConfiguration(was, now)
        try checkStores(was, now)
        try checkAggregates(was, now)
      }
    }
    if !new.operators.isEmpty, old.outputMode != new.outputMode {
      throw invalidConfiguration("outputMode", was: old.outputMode, now: new.outputMode)
    }
  }

  // MARK: States

  private func checkKey(_ was: RunRecord.Operator, _ now: RunRecord.Operator) throws {
    guard !was.layout.key.hasTypes(of: now.layout.key) else { return }
    throw Self.keysChanged(now.title, was: was.layout.key.ddl, now: now.layout.key.ddl)
  }

  /// Spark's error about keys.
  static func keysChanged(_ title: String, was: String, now: String) -> Failure {
    Failure(
      "STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE", "the keys of \(title) have changed", hint: goBack,
      details: ["checkpoint: \(was)", "query: \(now)"])
  }

  private func checkConfiguration(_ was: RunRecord.Operator, _ now: RunRecord.Operator) throws {
    for member in was.layout.configuration {
      let value = now.layout.configuration.first { $0.name == member.name }?.value
      guard value != member.value else { continue }
      throw invalidConfiguration(
        "\(member.name) of \(now.title)", was: member.value.text ?? "none",
        now: value?.text ?? "none")
    }
  }

  private func invalidConfiguration(_ what: String, was: String, now: String) -> Failure {
    Failure(
      "STATE_STORE_INVALID_CONFIG_AFTER_RESTART",
      "the \(what) is `\(was)` in the checkpoint and `\(now)` in the query", hint: Self.goBack)
  }

  private func checkStores(_ was: RunRecord.Operator, _ now: RunRecord.Operator) throws {
    for store in now.layout.stores {
      // A processor may have more states than before, and fewer.
      guard let known = was.layout.stores.first(where: { $0.name == store.name }) else { continue }
      if known.kind != store.kind {
        throw Failure(
          "STATE_STORE_INVALID_VARIABLE_TYPE_CHANGE",
          "the state `\(store.name)` was a \(known.kind) and is a \(store.kind)",
          hint: "Give the new one another name. " + Self.goBack)
      }
      let name = was.layout.stores.count > 1 || !store.kind.isEmpty ? " `\(store.name)`" : ""
      if !known.mapKey.hasTypes(of: store.mapKey) {
        throw Self.keysChanged(
          "the map\(name) of \(now.title)", was: known.mapKey.ddl, now: store.mapKey.ddl)
      }
      let hasSameValue =
        known.value.hasTypes(of: store.value) && known.hasTimeToLive == store.hasTimeToLive
      guard !hasSameValue else { continue }
      func shown(_ store: StateSchema.Store) -> String {
        store.value.ddl + (store.hasTimeToLive ? ", with a time to live" : "")
      }
      throw Failure(
        "STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE",
        "what \(now.title) keeps\(name.isEmpty ? "" : " in\(name)") has changed",
        hint: Self.goBack,
        details: ["checkpoint: \(shown(known))", "query: \(shown(store))"])
    }
  }

  /// Results of equal types may still be those of another function or of another column.
  private func checkAggregates(_ was: RunRecord.Operator, _ now: RunRecord.Operator) throws {
    let isAggregate = [.aggregate, .session].contains(now.layout.encoding)
    guard isAggregate, was.fingerprint != now.fingerprint else { return }
    if now.hasUid, was.layout.stores == now.layout.stores { return }
    throw Failure(
      "STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE", "the aggregates of \(now.title) have changed",
      hint: Self.goBack,
      details: ["checkpoint: \(was.fingerprint)", "query: \(now.fingerprint)"])
  }

  // MARK: What may change

  /// What the log should say of the changes that are allowed.
  var notes: [String] {
    var notes: [String] = []
    for (index, (was, now)) in zip(old.sources, new.sources).enumerated() where was != now {
      notes.append("source \(index) was \(was) and is \(now)")
    }
    if old.sink.format != new.sink.format {
      notes.append(
        "the sink was `\(old.sink.format)` and is `\(new.sink.format)`: it gets the batches from "
          + "here on")
    }
    if old.script != new.script { notes.append("the script has changed") }
    let known = Set(old.functions)
    let changed = new.functions.filter { !known.contains($0) }.map { "`\($0.name)`" }
    if !changed.isEmpty {
      notes.append("new or changed functions: " + changed.joined(separator: ", "))
    }
    return notes
  }
}

extension Schema {
  /// Whether columns have equal types, one after the other; names may differ.
  fileprivate func hasTypes(of other: Schema) -> Bool {
    fields.count == other.fields.count
      && zip(fields, other.fields).allSatisfy { $0.type.hasSameShape(as: $1.type) }
  }
}

extension RunRecord.Operator {
  var hasUid: Bool { id.hasPrefix("uid:") }
  /// For messages.
  var title: String { hasUid ? "`\(id.dropFirst(4))` (\(layout.name))" : "`\(layout.name)`" }
}
