import Connectors
import Contract
import Operators
import Plan
import State

/// A source with what the engine knows of it.
struct RunningSource {
  let id: Int
  let source: any StreamSource
  /// Where a new query starts.
  let initial: SourceOffset?
}

/// What a run opens before its first batch, and how that is checked against the checkpoint.
extension QueryRun {
  static func pinnedSettings(
    _ settings: Settings, _ run: RunRecord?, _ query: StreamingQuery,
    _ environment: QueryEnvironment
  ) -> Settings {
    var result = settings
    for member in run?.settings ?? [] {
      guard let logged = member.value.text, let now = try? settings.text(member.name),
        now != logged, (try? result.set(member.name, to: logged)) != nil
      else { continue }
      environment.log(
        "warn",
        "\(query.title): the checkpoint was made with `\(member.name)` = \(logged); "
          + "the session's \(now) does not count")
    }
    return result
  }

  static func openSources(
    _ plan: any PlanNode, _ checkpoint: Checkpoint, _ storage: any Storage
  ) throws -> [RunningSource] {
    var sources: [RunningSource] = []
    for case let node as any StreamSourceNode in plan.nodes
    where !sources.contains(where: { $0.id == node.sourceId }) {
      let directory = "\(checkpoint.path)/sources/\(sources.count)"
      try storage.createDirectory(directory)
      let source = try node.openSource(directory: directory)
      sources.append(
        RunningSource(id: node.sourceId, source: source, initial: try source.initialOffset()))
    }
    return sources
  }

  static func openState(
    _ checkpoint: Checkpoint, _ mark: String?, _ settings: Settings, _ query: StreamingQuery,
    _ environment: QueryEnvironment
  ) throws -> DurableStateStore {
    var limits = DurableStateStore.Limits()
    limits.versionsToRetain = settings[integer: "moontide.streaming.minBatchesToRetain"]
    limits.changeFileVersions =
      settings[integer: "moontide.streaming.stateStore.minDeltasForSnapshot"]
    let store = try DurableStateStore(
      directory: checkpoint.path + "/state", queryId: checkpoint.queryId, mark: mark,
      storage: environment.storage, limits: limits,
      isPaged: settings[text: "moontide.stateStore"] == "rocksdb")
    for failure in store.damagedSnapshots {
      environment.log("warn", "\(query.title): \(failure); an older snapshot stands in")
    }
    return store
  }

  static func openSink(
    _ definition: QueryDefinition, _ settings: Settings, _ query: StreamingQuery,
    _ environment: QueryEnvironment, lastCommitted: Int64?
  ) throws -> (any StreamSink, BadRowFile?) {
    var options = Options()
    for name in definition.options.names where !BadRowFile.engineOptions.contains(name.lowercased())
    { options[name] = definition.options[name] }
    let sink = try definition.sink.open(
      SinkRequest(
        format: definition.format, schema: definition.plan.schema, options: options,
        partitionColumns: definition.partitionColumns, queryName: definition.name,
        queryId: query.id, settings: settings, context: definition.context,
        clock: environment.clock, host: definition.host, origin: definition.origin))
    let badRows = try BadRowFile(
      definition.options, queryId: query.id, lastCommitted: lastCommitted,
      storage: environment.outputStorage)
    return (sink, badRows)
  }
}
