import Columns
import Connectors
import Contract
import Expressions
import Operators
import Plan
import State

/// One run of a query, on its own thread: performs what the machine says.
final class QueryRun {
  private let definition: QueryDefinition
  private let settings: Settings
  private let environment: QueryEnvironment
  private let query: StreamingQuery
  private let checkpoint: Checkpoint
  private let log: BatchLog
  private let sources: [RunningSource]
  private let root: any Operator
  private let statefulOperators: StatefulOperators
  private let stateStore: DurableStateStore?
  private let sink: any StreamSink
  private let propagation: WatermarkPropagation
  private let badRows: BadRowFile?
  private var machine: MicroBatchMachine
  private var lastWatermarks: [String: Watermarks] = [:]
  private var hasRunBatch = false
  /// The run that committed last, an earlier one that was cut short or this.
  private var unendedRunId: String?
  private var stateMark: String?
  private var trigger: TriggerReport
  private var metrics = BatchMetrics()
  private var lastIdleNs: Int64

  /// Opens everything that the query needs, and checks that it fits its checkpoint.
  init(
    _ definition: QueryDefinition, _ environment: QueryEnvironment, _ query: StreamingQuery,
    _ checkpoint: Checkpoint
  ) throws {
    self.environment = environment
    self.query = query
    self.checkpoint = checkpoint
    self.definition = definition
    let clock = environment.clock
    trigger = TriggerReport(clock: clock, lastStartNs: nil)
    lastIdleNs = clock.monotonicNs
    query.set(status: "Initializing StreamExecution")
    let (log, progress) = try BatchLog.open(
      directory: checkpoint.path, queryId: checkpoint.queryId, storage: environment.storage,
      rewriteBytes: Int(definition.settings[integer: "moontide.streaming.log.rewriteBytes"]))
    self.log = log
    if log.tornByteCount > 0 {
      environment.log(
        "warn",
        "\(query.title): an unfinished record of \(log.tornByteCount) bytes was cut from "
          + "the end of the batch log")
    }
    settings = Self.pinnedSettings(definition.settings, progress.run, query, environment)
    let plan = definition.plan
    let stateful = try StatefulPlan(plan, definition.outputMode)
    if let run = progress.run { try stateful.check(against: run.operators) }
    propagation = try WatermarkPropagation(plan, operatorIds: stateful.entries.map(\.id))
    query.set(status: "Initializing sources")
    sources = try Self.openSources(plan, checkpoint, environment.storage)
    let sourceNames = sources.map(\.source.description)
    if let run = progress.run {
      try RestartRules.checkSources(
        run.sources, sourceNames, offsetCount: progress.lastOffsets?.ranges.count)
    }
    stateMark = progress.lastCommit?.stateMark
    stateStore =
      stateful.entries.isEmpty
      ? nil
      : try Self.openState(
        checkpoint, stateMark, settings, query, environment)
    let partitionCount = Int(settings[integer: "moontide.shuffle.partitions"])
    let lowering = Lowering(
      settings: settings, partitionCount: partitionCount, state: stateStore ?? NoStateStore(),
      outputMode: definition.outputMode, operatorId: stateful.ids)
    root = try lowering.lower(plan)
    statefulOperators = lowering.statefulOperators
    (sink, badRows) = try Self.openSink(
      definition, settings, query, environment, lastCommitted: progress.lastCommit?.batchId)
    let policy =
      WatermarkTracker.Policy(
        rawValue: settings[text: "moontide.streaming.multipleWatermarkPolicy"]) ?? .min
    machine = MicroBatchMachine(
      .init(
        runId: query.runId, trigger: definition.trigger, sourceCount: sources.count,
        runsWithoutData: settings[boolean: "moontide.streaming.noDataMicroBatches.enabled"]),
      watermark: WatermarkTracker(nodes: propagation.nodes, policy: policy), progress: progress)
    if let last = progress.owesBatch {
      lastWatermarks = propagation.watermarks(
        lateMs: last.lateWatermarkMs, evictMs: last.watermarkMs)
      hasRunBatch = true
    }
    unendedRunId = progress.cutShort?.runId
    let run = RunRecord(
      runId: query.runId, sources: sourceNames,
      operators: try stateful.records(
        statefulOperators.all,
        TaskContext(
          batchId: machine.batchId, batchTimeUs: clock.nowUs,
          timeZoneId: settings[text: "moontide.session.timeZone"])),
      sink: RunRecord.Sink(definition, sink, badRows), outputMode: definition.outputMode.rawValue,
      script: definition.scriptHash,
      functions: definition.functionHashes.map { JSONMember($0.name, .text($0.hash)) },
      settings: settings.pinned.map { JSONMember($0.name, .text($0.text)) })
    let rules = RestartRules(old: progress.run, new: run, origins: stateful.origins)
    try rules?.check()
    try RestartRules.checkSink(sink, against: progress, run.sink)
    log.begin(run)
    for note in rules?.notes ?? [] {
      environment.log("info", "\(query.title): since the checkpoint's last run \(note)")
    }
    if definition.trigger == .availableNow {
      for source in sources { try source.source.freezeForAvailableNow() }
    }
  }

  // MARK: Running

  /// Runs until the query ends; gives the failure that ended it.
  func run() -> Failure? {
    var event = triggered()
    while true {
      let stop = query.stopRequest
      if stop.isRequested { machine.requestStop(abandoning: stop.isAbandoning) }
      let action = machine.handle(event)
      if case .stop(let failure) = action { return ended(failure) }
      do {
        environment.faults?.begins(action.name)
        event = try perform(action)
        environment.faults?.finished(action.name)
      } catch {
        event = .failed(located(Self.failure(error)))
      }
    }
  }

  private static func failure(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure: failure
    case let row as RowFailure: row.failure
    default: Failure("INTERNAL_ERROR", "\(error)")
    }
  }

  /// The failure with the query and the batch.
  private func located(_ failure: Failure) -> Failure {
    var copy = memory.explained(failure).at(definition.origin)
    let isRecord = failure.condition.hasPrefix("MALFORMED_RECORD")
    if badRows == nil, failure.details.contains(where: { $0.hasPrefix("row: ") }) || isRecord {
      copy.details.append(
        "such rows need not stop a query: `:option(\"\(BadRowFile.option)\", path)` puts them "
          + "aside, \"drop\" leaves them out")
    }
    copy.details.append("query: \(query.title) (id \(query.id), run \(query.runId))")
    copy.details.append("batch: \(machine.batchId)")
    return copy
  }

  /// Notes that the run was not cut short, and closes everything.
  private func ended(_ failure: Failure?) -> Failure? {
    defer { close() }
    guard failure == nil, let unendedRunId else { return failure }
    do { try log.appendEnd(of: unendedRunId) } catch { return located(Self.failure(error)) }
    return nil
  }

  private var memory: QueryMemory { QueryMemory(title: query.title, operators: statefulOperators) }

  private func close() {
    memory.forget()
    for source in sources { source.source.stop() }
    sink.stop()
    stateStore?.close()
    log.close()
  }

  private func triggered() -> MicroBatchMachine.Event {
    query.triggerBegins()
    trigger = TriggerReport(clock: environment.clock, lastStartNs: trigger.startNs)
    return .triggered(nowUs: environment.clock.nowUs, seed: environment.random())
  }

  private func perform(_ action: MicroBatchMachine.Action) throws -> MicroBatchMachine.Event {
    switch action {
    case .readOffsets(let question): return try readOffsets(question)
    case .appendOffsets(let record):
      query.set(status: "Writing offsets to log", isDataAvailable: true)
      try trigger.timed("walCommit") { try log.append(record) }
      return .offsetsAppended
    case .releaseSources(let ends, let last):
      for (source, end) in zip(sources, ends) { if let end { try source.source.commit(end) } }
      try log.purge(
        before: last + 1 - settings[integer: "moontide.streaming.minBatchesToRetain"])
      return .sourcesReleased
    case .runBatch(let record, let isRepeat): return try runBatch(record, isRepeat: isRepeat)
    case .commitState(let record):
      stateStore?.begin(version: record.batchId + 1)
      return try commitState(record)
    case .commitSink:
      try trigger.timed("addBatch") { try commitSink() }
      return .sinkWritten
    case .appendCommit(let record):
      var record = record
      record.stateMark = stateMark
      try trigger.timed("commitOffsets") { try log.append(record) }
      try badRows?.show()
      unendedRunId = record.runId
      report(record)
      ReturnedMemory.giveBackIfWanted()
      return .committed
    case .wait(let wait): return waited(wait)
    case .stop: preconditionFailure("stopping is the loop's")
    }
  }

  private var latest: [SourceOffset?] = []

  private func readOffsets(
    _ question: MicroBatchMachine.OffsetsQuestion
  ) throws -> MicroBatchMachine.Event {
    var ends = try latestOffsets(question)
    if wasIdle, sources.count > 1 {
      // What arrives at several sources together is meant to be one batch: the first that has
      // something gives the others one polling delay to follow.
      let hasNews = zip(ends, question.starts).map { $0 != nil && $0 != $1 }
      if hasNews.contains(true), hasNews.contains(false) {
        pollingPause()
        ends = try latestOffsets(question)
      }
    }
    wasIdle = false
    latest = ends
    let next = propagation.watermarks(
      lateMs: question.lateWatermarkMs, evictMs: question.watermarkMs)
    // As in Spark, a new run knows of its operators only once it has run a batch; but a batch that
    // the run before owed, it owes.
    let wantsBatch =
      hasRunBatch
      && statefulOperators.all.contains { one in
        guard let last = lastWatermarks[one.operatorId], let next = next[one.operatorId] else {
          return false
        }
        return one.shouldRunAnotherBatch(
          last: last, next: next, batchTimeUs: question.batchTimeUs)
      }
    return .offsetsRead(ends, operatorsWantBatch: wantsBatch)
  }

  private func latestOffsets(
    _ question: MicroBatchMachine.OffsetsQuestion
  ) throws -> [SourceOffset?] {
    try trigger.timed("latestOffset") {
      try zip(sources, question.starts).map { source, start in
        query.set(status: "Getting offsets from \(source.source.description)")
        source.source.begin(batch: question.batchId, of: query.title)
        return try source.source.latestOffset(from: start ?? source.initial, limit: question.limit)
      }
    }
  }

  /// The query has found nothing to do since its last batch.
  private var wasIdle = false

  private func pollingPause() {
    let delayUs = settings[durationUs: "moontide.streaming.pollingDelay"]
    let clock = environment.clock
    clock.wait(untilNs: clock.monotonicNs + delayUs * 1000, or: query.bell)
  }

  private var sinkBatch: (any SinkBatch)?
  private var running: OffsetsRecord?

  private func runBatch(
    _ record: OffsetsRecord, isRepeat: Bool
  ) throws -> MicroBatchMachine.Event {
    let hasRows = record.ranges.contains { !$0.isEmpty }
    query.set(
      status: hasRows ? "Processing new data" : "No new data but cleaning up state",
      isDataAvailable: hasRows)
    running = record
    metrics = BatchMetrics()
    let inputs = try trigger.timed("getBatch") { try self.inputs(record, isRepeat: isRepeat) }
    lastWatermarks = trigger.timed("queryPlanning") {
      propagation.watermarks(lateMs: record.lateWatermarkMs, evictMs: record.watermarkMs)
    }
    hasRunBatch = true
    stateStore?.begin(version: record.batchId + 1)
    let batchBadRows = badRows?.begin(batch: record.batchId, sources: owners(of: inputs))
    let run = BatchRun(
      task: TaskContext(
        batchId: record.batchId, batchTimeUs: record.batchTimeUs, seed: record.seed,
        timeZoneId: settings[text: "moontide.session.timeZone"], queryTitle: query.title,
        badRows: batchBadRows),
      pool: environment.pool, inputs: inputs,
      batchRows: Int(settings[integer: "moontide.columnBatch.rows"]),
      watermarks: lastWatermarks, metrics: metrics)
    do {
      try trigger.timed("addBatch") { try write(run, batchId: record.batchId) }
    } catch {
      sinkBatch?.abort(Self.failure(error))
      sinkBatch = nil
      throw error
    }
    return .batchRan(
      maximaUs: metrics.eventTimes.compactMapValues { $0.count > 0 ? $0.maxUs : nil })
  }

  private func inputs(
    _ record: OffsetsRecord, isRepeat: Bool
  ) throws -> [Int: [any InputSplit]] {
    var inputs: [Int: [any InputSplit]] = [:]
    for (source, range) in zip(sources, record.ranges) {
      guard let end = range.end, !range.isEmpty else { continue }
      let start = range.start ?? source.initial
      if isRepeat { try source.source.recover(from: start, to: end) }
      inputs[source.id] = try source.source.read(from: start, to: end)
    }
    return inputs
  }

  /// The source of each input by its name.
  private func owners(of inputs: [Int: [any InputSplit]]) -> [String: String] {
    var owners: [String: String] = [:]
    for source in sources {
      for split in inputs[source.id] ?? [] {
        owners[split.description] = source.source.description
      }
    }
    return owners
  }

  /// Computes the batch into the sink. A batch that the sink has already is computed all the same:
  /// the state must follow.
  private func write(_ run: BatchRun, batchId: Int64) throws {
    sinkBatch = try sink.begin(batch: batchId, mode: definition.outputMode)
    let partitions = try root.partitions(run)
    let batch = sinkBatch
    try run.pool.run(partitions.count) { [task = run.task, metrics] index, worker in
      let partition = partitions[index]
      let own = task.with(partition: index, worker: worker, inputName: partition.inputName)
      let rows = try partition.open(own)
      guard let writer = try batch?.writer(partition: index) else {
        while try rows.next() != nil {}
        return
      }
      do {
        while let next = try rows.next() {
          guard next.count > 0 else { continue }
          try writer.write(next)
          metrics.addOutputRows(next.count)
        }
        try writer.close()
      } catch {
        writer.abort(Self.failure(error))
        throw error
      }
    }
  }

  private func commitState(_ record: OffsetsRecord) throws -> MicroBatchMachine.Event {
    guard let stateStore else { return .stateCommitted }
    let clock = environment.clock
    let start = clock.monotonicNs
    stateMark = try stateStore.commit()
    let ms = (clock.monotonicNs - start) / 1_000_000
    for one in statefulOperators.all {
      metrics.update(one.operatorId) { $0.commitTimeMs += ms }
    }
    if stateStore.needsMaintenance {
      WorkerPool.startThread { stateStore.maintain() }
    }
    return .stateCommitted
  }

  private func commitSink() throws {
    try badRows?.prepare()
    try sinkBatch?.commit()
    sinkBatch = nil
  }

  // MARK: After a batch

  private func report(_ commit: CommitRecord) {
    guard let record = running else { return }
    var progress = emptyProgress(batchId: record.batchId)
    trigger.finish(&progress)
    if !propagation.nodes.isEmpty {
      progress.watermarkMs = record.watermarkMs
      progress.eventTimes = Self.merged(metrics.eventTimes)
    }
    progress.stateOperators = stateProgress()
    memory.note(metrics)
    for (index, range) in record.ranges.enumerated() {
      progress.sources[index].startOffset = range.start ?? sources[index].initial
      progress.sources[index].endOffset = range.end
      progress.sources[index].latestOffset = latest.isEmpty ? range.end : latest[index]
      progress.sources[index].rowCount = metrics.inputRows(source: sources[index].id)
    }
    progress.outputRowCount = sink.isCounted ? metrics.outputRows : -1
    progress.observed = metrics.observed
    progress.badRows = badRows?.rowCounts
    lastIdleNs = environment.clock.monotonicNs
    query.finished(progress, isIdle: false)
    if sources.allSatisfy(\.source.takesEverything) { query.tookEverything() }
  }

  private static func merged(
    _ all: [Int: BatchMetrics.EventTimes]
  ) -> BatchMetrics.EventTimes? {
    guard var merged = all.values.first else { return nil }
    for times in all.values.dropFirst() {
      merged.maxUs = max(merged.maxUs, times.maxUs)
      merged.minUs = min(merged.minUs, times.minUs)
      merged.sumUs += times.sumUs
      merged.count += times.count
    }
    return merged
  }

  private func stateProgress() -> [QueryProgress.StateProgress] {
    let counts = metrics.state
    return statefulOperators.all.reversed().map { one in
      let metrics = counts[one.operatorId] ?? BatchMetrics.StateMetrics()
      return QueryProgress.StateProgress(operatorName: metrics.name, metrics: metrics)
    }
  }

  private func emptyProgress(batchId: Int64) -> QueryProgress {
    var progress = QueryProgress()
    (progress.id, progress.runId, progress.name) = (query.id, query.runId, query.name)
    progress.batchId = batchId
    progress.timestampUs = trigger.startUs
    progress.sinceLastTriggerSeconds = trigger.sinceLastTriggerSeconds
    progress.sinkDescription = sink.description
    progress.sources = sources.map { source in
      var progress = QueryProgress.SourceProgress()
      progress.description = source.source.description
      return progress
    }
    return progress
  }

  /// Waits as the machine says, unless somebody asks for the query's end.
  private func waited(_ wait: MicroBatchMachine.Wait) -> MicroBatchMachine.Event {
    let clock = environment.clock
    switch wait {
    case .none: break
    case .forData:
      query.foundNothing(status: "Waiting for data to arrive")
      tellIdle()
      wasIdle = true
      pollingPause()
    case .untilUs(let boundaryUs, let foundNothing):
      if foundNothing {
        query.foundNothing(status: "Waiting for data to arrive")
        tellIdle()
      } else {
        query.set(status: "Waiting for next trigger")
        query.triggerEnds()
      }
      // A clock that was set back since the trigger does not hold the next one up.
      let waitUs = min(boundaryUs - clock.nowUs, definition.trigger.intervalUs)
      let deadlineNs = clock.monotonicNs + waitUs * 1000
      while clock.monotonicNs < deadlineNs, !query.stopRequest.isRequested {
        clock.wait(untilNs: deadlineNs, or: query.bell)
      }
    }
    return triggered()
  }

  private func tellIdle() {
    let clock = environment.clock
    let intervalUs = settings[durationUs: "moontide.streaming.noDataProgressEventInterval"]
    guard clock.monotonicNs - lastIdleNs >= intervalUs * 1000 else { return }
    lastIdleNs = clock.monotonicNs
    var progress = emptyProgress(batchId: machine.batchId)
    trigger.finish(&progress)
    if !propagation.nodes.isEmpty { progress.watermarkMs = machine.watermark.watermarkMs }
    progress.stateOperators = stateProgress()
    query.finished(progress, isIdle: true)
  }
}
