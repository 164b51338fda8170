import Columns
import Contract
import Expressions
import Plan
import State

/// Runs the function over the groups of each partition.
final class GroupStateOperator: StatefulOperator {
  var output: [Attribute] { node.output }
  let operatorId: String
  private let node: GroupStateNode
  private let children: [any Operator]
  private let exchange: Exchange
  private let initial: Exchange?
  private let partitions: LivePartitions<GroupStatePartition>
  private let isStreaming: Bool
  private let timePlace: Int?

  init(
    node: GroupStateNode, children: [any Operator], exchange: Exchange, operatorId: String?,
    lowering: Lowering
  ) throws {
    self.node = node
    self.children = children
    self.exchange = exchange
    self.operatorId = operatorId ?? ""
    isStreaming = operatorId != nil
    initial =
      children.count < 2
      ? nil
      : Exchange(
        keys: children[1].output.prefix(node.keys.count).map {
          CompiledExpression(.attribute($0), input: children[1].output)
        }, input: children[1].output, partitionCount: lowering.partitionCount)
    timePlace = node.children[0].output.firstIndex { $0.watermarkDelayUs != nil }
    let store: any StateStore = isStreaming ? lowering.state : NoStateStore()
    let input = children[0].output
    partitions = LivePartitions(
      try store.open(
        self.operatorId, partitionCount: lowering.partitionCount, layout: GroupStateLayout())
    ) { GroupStatePartition(node, input: input, keys: exchange.keys, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let marks = isStreaming ? run.watermarks[operatorId] : nil
    let rows = try exchange.run(try onTime(run, marks), run)
    // The initial state is read once, with the first batch of a query.
    let states =
      try run.task.batchId == 0
      ? initial.map { try $0.run(try children[1].partitions(run), run) } : nil
    let results = try run.pool.map(partitions.count) {
      [partitions, operatorId, isStreaming, node] index, worker in
      let task = run.task.with(partition: index, worker: worker)
      let (batches, counts) = try withOrigin(node.origin) {
        try partitions[index].run(
          rows[index], initial: states?[index], evictUs: marks?.evictUs, task: task,
          isStreaming: isStreaming)
      }
      if isStreaming {
        run.metrics.update(operatorId) { total in
          total.name = "flatMapGroupsWithState"
          total.partitionCount += 1
          total.rowsTotal += Int64(counts.total)
          total.rowsUpdated += Int64(counts.updated)
          total.rowsRemoved += Int64(counts.removed)
          total.memoryBytes += Int64(counts.memoryBytes)
        }
      }
      return batches.flatMap { $0.chunks(of: run.batchRows) }
    }
    return results.filter { !$0.isEmpty }.map { batches in Partition { _ in BatchList(batches) } }
  }

  /// With event-time timeouts, rows behind the watermark of the batch before are dropped.
  private func onTime(_ run: BatchRun, _ marks: Watermarks?) throws -> [Partition] {
    let partitions = try children[0].partitions(run)
    guard node.timeout == .eventTime, let marks, let place = timePlace else { return partitions }
    let input = children[0].output
    return partitions.map { $0.withoutLate(place, of: input, marks.lateUs, run, operatorId) }
  }

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    switch node.timeout {
    case .none: false
    case .eventTime: next.evictUs > last.evictUs
    case .processingTime: true
    }
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    StateSchema(
      .groupState, name: "flatMapGroupsWithState", partitionCount: partitions.count,
      key: node.keySchema, stores: [.init(value: node.stateSchema)],
      configuration: [
        JSONMember("outputMode", .text(node.mode.rawValue)),
        JSONMember("timeout", .text(node.timeout.rawValue)),
      ])
  }
}

/// A group's state stands under its key, and acts when its timeout comes.
private struct GroupStateLayout: StateLayout {
  func due(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> StateDue? {
    GroupStateEntry(encoded: value).timeoutUs.map { StateDue(atUs: $0) }
  }
}

/// One partition of the states of groups.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
private final class GroupStatePartition: HoldsMemory, @unchecked Sendable {
  struct Counts {
    var total = 0
    var updated = 0
    var removed = 0
    var memoryBytes = 0
  }

  private let node: GroupStateNode
  private let input: [Attribute]
  private let keyExpressions: [CompiledExpression]
  private let keySchema: Schema
  private let inputSchema: Schema
  private let store: any StatePartition
  private let codec: RowKeyCodec
  private let valueCodec: ValueCodec
  private let keys: KeyTable
  private var entries: [GroupStateEntry] = []
  private var index = ExpiryIndex()
  private var isRestored = false

  init(
    _ node: GroupStateNode, input: [Attribute], keys: [CompiledExpression],
    store: any StatePartition
  ) {
    self.node = node
    self.input = input
    keyExpressions = keys
    keySchema = node.keySchema
    inputSchema = node.children[0].schema
    self.store = store
    codec = RowKeyCodec(keys.map(\.type))
    valueCodec = ValueCodec(node.stateSchema)
    self.keys = KeyTable(width: codec.width)
  }

  func run(
    _ batches: [Batch], initial: [Batch]?, evictUs: Int64?, task: TaskContext, isStreaming: Bool
  ) throws -> (batches: [Batch], counts: Counts) {
    let threshold = isStreaming ? threshold(evictUs, task) : nil
    if !isRestored {
      if store.isPaged { try store.select(page(batches, initial ?? [], threshold, task)) }
      try restore()
      isRestored = true
    }
    var counts = Counts()
    let given = try initial.map { try readInitial($0) } ?? []
    let rows = try KeyedRows(
      batches, keys: keyExpressions, keySchema: keySchema, input: input, schema: inputSchema,
      extra: given, task: task)
    var out: [Batch] = []
    if !rows.keys.isEmpty {
      out.append(try call(rows, evictUs, task, hasTimedOut: false, &counts))
    }
    if let threshold {
      let expired = timedOut(before: threshold)
      if !expired.isEmpty {
        let groups = KeyedRows(
          keys: expired, codec: codec, keySchema: keySchema, input: input, schema: inputSchema)
        out.append(try call(groups, evictUs, task, hasTimedOut: true, &counts))
      }
    }
    counts.total = store.entryCount ?? keys.count
    counts.memoryBytes = memoryBytes
    return (out, counts)
  }

  var memoryBytes: Int {
    keys.memoryBytes + store.memoryBytes
      + entries.reduce(0) { $0 + 40 + ($1.bytes?.count ?? 0) }
  }

  /// The groups of the batch and of the initial state, and those whose timeout has come.
  private func page(
    _ batches: [Batch], _ initial: [Batch], _ threshold: Int64?, _ task: TaskContext
  ) throws -> StatePage {
    let groups = try KeyedRows.groups(
      batches, keys: keyExpressions, initial: initial, codec: codec, task: task)
    return StatePage(groups: groups, due: threshold.map { [StateDue(atUs: $0 - 1)] } ?? [])
  }

  private func threshold(_ evictUs: Int64?, _ task: TaskContext) -> Int64? {
    switch node.timeout {
    case .none: nil
    case .processingTime: task.batchTimeUs
    case .eventTime: evictUs
    }
  }

  private func call(
    _ rows: KeyedRows, _ evictUs: Int64?, _ task: TaskContext, hasTimedOut: Bool,
    _ counts: inout Counts
  ) throws -> Batch {
    let (batch, states) = try rows.run(task) { rows, _ in
      let states = RunningGroupStates(
        rows, node: node, codec: valueCodec, watermarkUs: node.hasWatermark ? evictUs ?? 0 : nil,
        task: task, hasTimedOut: hasTimedOut
      ) { [self] key in
        entry(of: key)
      }
      let batch = try node.function.call(
        rows.groups, states: states, output: node.schema, returnsOneRow: node.returnsOneRow,
        task: task)
      return (batch, states)
    }
    for (key, entry) in states.results() { set(key, entry, &counts) }
    return batch
  }

  private func entry(of key: [UInt8]) -> GroupStateEntry {
    key.withUnsafeBytes { bytes in
      let group = keys.find(bytes)
      return group == KeyTable.none ? GroupStateEntry() : entries[Int(group)]
    }
  }

  private func set(_ key: [UInt8], _ entry: GroupStateEntry, _ counts: inout Counts) {
    key.withUnsafeBytes { bytes in
      let known = keys.find(bytes)
      if entry.isEmpty {
        if known == KeyTable.none { return }
        entries[Int(known)] = GroupStateEntry()
        keys.remove(Selection([Int(known)]))
        store.remove(key: bytes)
        counts.removed += 1
        return
      }
      let group = keys.insert(bytes)
      while entries.count <= Int(group) { entries.append(GroupStateEntry()) }
      if entries[Int(group)] == entry { return }
      entries[Int(group)] = entry
      if let timeoutUs = entry.timeoutUs { index.add(group, at: timeoutUs) }
      entry.encoded.withUnsafeBytes { store.put(key: bytes, value: $0) }
      counts.updated += 1
    }
  }

  /// The keys whose timeout lies before this moment, the earliest first.
  private func timedOut(before limitUs: Int64) -> [[UInt8]] {
    var seen = Set<UInt32>()
    return index.takeExpired(upTo: limitUs - 1).compactMap { group in
      guard let timeoutUs = entries[Int(group)].timeoutUs, timeoutUs < limitUs,
        seen.insert(group).inserted
      else { return nil }
      return Array(keys.key(group))
    }
  }

  /// Puts the initial states where nothing is yet; gives their keys.
  private func readInitial(_ batches: [Batch]) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    let encoder = RowKeyEncoder(codec)
    for batch in batches {
      let columns = batch.dense.columns
      let rows = encoder.encode(Array(columns.prefix(codec.types.count)), count: batch.count)
      for row in 0..<batch.count {
        let key = Array(rows[row])
        var counts = Counts()
        guard entry(of: key).isEmpty else {
          throw Failure(
            "STATEFUL_PROCESSOR_DUPLICATE_INITIAL_STATE",
            "the initial state has several rows for one key", origin: node.origin)
        }
        let values = columns.dropFirst(codec.types.count).map { $0.scalar(row) }
        set(key, GroupStateEntry(bytes: valueCodec.encode(Array(values))), &counts)
        found.append(key)
      }
    }
    return found
  }

  private func restore() throws {
    try store.restore { key, value in
      let group = keys.insert(key)
      while entries.count <= Int(group) { entries.append(GroupStateEntry()) }
      let entry = GroupStateEntry(encoded: value)
      entries[Int(group)] = entry
      if let timeoutUs = entry.timeoutUs { index.add(group, at: timeoutUs) }
    }
  }
}

/// What is kept of a group: the state's bytes and the timeout.
struct GroupStateEntry: Equatable {
  var bytes: [UInt8]?
  var timeoutUs: Int64?

  init(bytes: [UInt8]? = nil, timeoutUs: Int64? = nil) {
    self.bytes = bytes
    self.timeoutUs = timeoutUs
  }

  var isEmpty: Bool { bytes == nil && timeoutUs == nil }

  /// The timeout (the largest number: none), whether there is a state, the state.
  var encoded: [UInt8] {
    var out: [UInt8] = []
    withUnsafeBytes(of: (timeoutUs ?? .max).littleEndian) { out += $0 }
    out.append(bytes == nil ? 0 : 1)
    return out + (bytes ?? [])
  }

  init(encoded: UnsafeRawBufferPointer) {
    let timeout = Int64(littleEndian: encoded.loadUnaligned(as: Int64.self))
    timeoutUs = timeout == .max ? nil : timeout
    bytes = encoded[8] == 0 ? nil : Array(encoded.dropFirst(9))
  }
}

/// The states that a function sees while it is called; what it changes is taken only once it has
/// returned for all groups.
private final class RunningGroupStates: GroupStates {
  let stateSchema: Schema
  let hasTimedOut: Bool
  private let rows: KeyedRows
  private let node: GroupStateNode
  private let codec: ValueCodec
  private let eventTimeUs: Int64?
  private let task: TaskContext
  private let stored: ([UInt8]) -> GroupStateEntry
  private var pending: [Int: GroupStateEntry] = [:]
  private var group = 0

  init(
    _ rows: KeyedRows, node: GroupStateNode, codec: ValueCodec, watermarkUs: Int64?,
    task: TaskContext, hasTimedOut: Bool, stored: @escaping ([UInt8]) -> GroupStateEntry
  ) {
    self.rows = rows
    self.node = node
    self.codec = codec
    stateSchema = codec.schema
    eventTimeUs = watermarkUs
    self.task = task
    self.hasTimedOut = hasTimedOut
    self.stored = stored
  }

  /// A timeout holds until the next call, which sets it anew or has none.
  func enter(_ group: Int) {
    self.group = group
    pending[group] = GroupStateEntry(bytes: stored(rows.keys[group]).bytes)
  }

  private var entry: GroupStateEntry {
    get { pending[group] ?? GroupStateEntry() }
    set { pending[group] = newValue }
  }

  var value: [Scalar]? { entry.bytes.map { codec.decode($0[...]) } }

  func update(_ value: [Scalar]) throws { entry.bytes = codec.encode(value) }

  func remove() { entry = GroupStateEntry() }

  var processingTimeUs: Int64 { task.batchTimeUs }

  func watermarkUs() throws -> Int64 {
    if let eventTimeUs { return eventTimeUs }
    throw Failure(
      "UNSUPPORTED_OPERATION",
      "Cannot get event time watermark timestamp without setting watermark before \(node.method)",
      hint: "Put `withWatermark(column, delay)` before it.")
  }

  func setTimeoutDuration(us: Int64) throws {
    guard node.timeout == .processingTime else {
      throw Failure(
        "UNSUPPORTED_OPERATION",
        "Cannot set timeout duration without enabling processing time timeout in \(node.method)",
        hint: "Write `timeout = \"processingTime\"`.")
    }
    guard us > 0 else {
      throw Failure("INVALID_TIMEOUT", "Timeout duration must be positive")
    }
    entry.timeoutUs = task.batchTimeUs + us
  }

  func setTimeoutTimestamp(us: Int64) throws {
    guard node.timeout == .eventTime else {
      throw Failure(
        "UNSUPPORTED_OPERATION",
        "Cannot set timeout timestamp without enabling event time timeout in \(node.method)",
        hint: "Write `timeout = \"eventTime\"`.")
    }
    guard us > 0 else {
      throw Failure("INVALID_TIMEOUT", "Timeout timestamp must be positive")
    }
    if let eventTimeUs, us < eventTimeUs {
      throw Failure(
        "INVALID_TIMEOUT",
        "Timeout timestamp (\(us)) cannot be earlier than the current watermark (\(eventTimeUs))")
    }
    entry.timeoutUs = us
  }

  /// What the function left of each group, in order.
  func results() -> [(key: [UInt8], entry: GroupStateEntry)] {
    pending.keys.sorted().compactMap { group in
      pending[group].map { (rows.keys[group], $0) }
    }
  }
}
