import Columns
import Contract
import Expressions
import Plan
import State

/// A group's state stands under its key, and acts when its timeout comes.
struct GroupStateLayout: StateLayout {
  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    entries.map { $0.value.map { StateDue(atUs: GroupStateEntry.timeoutUs($0)) } ?? .never }
  }
}

/// One partition of the states of groups.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
final class GroupStatePartition: KeyedFunctionPartition, @unchecked Sendable {
  private let node: GroupState
  private let rows: KeyedInput
  private let store: any StatePartition
  private let valueCodec: ValueCodec
  private var keys: KeyTable
  private var entries: [GroupStateEntry] = []
  /// Of all states, bytes.
  private var stateBytes = 0
  private var index = ExpiryIndex()
  private var isRestored = false

  init(_ node: GroupState, _ rows: KeyedInput, store: any StatePartition) {
    self.node = node
    self.rows = rows
    self.store = store
    valueCodec = ValueCodec(node.stateSchema)
    keys = KeyTable(width: rows.codec.width)
  }

  func run(
    _ batches: [Batch], initial: [Batch], evictUs: Int64?, task: TaskContext
  ) throws -> (batches: [Batch], counts: StateCounts) {
    let limitUs = rows.isStreaming ? node.call.clock.limitUs(evictUs, task) : nil
    if !isRestored {
      if store.isPaged {
        // A timeout acts before the limit, not at it.
        try store.select(
          StatePage(
            groups: try rows.groups(batches, initial: initial, task: task),
            due: limitUs.map { [StateDue(atUs: $0 - 1)] } ?? []))
      }
      try restore()
      isRestored = true
    }
    var counts = StateCounts()
    let given = try readInitial(initial, task)
    let groups = try rows.groups(of: batches, extra: given, task: task)
    var out: [Batch] = []
    if !groups.keys.isEmpty {
      out.append(try call(groups, evictUs, task, hasTimedOut: false, &counts))
    }
    if let limitUs {
      let expired = timedOut(before: limitUs)
      if !expired.isEmpty {
        let groups = rows.groups(withoutRows: expired)
        out.append(try call(groups, evictUs, task, hasTimedOut: true, &counts))
      }
    }
    keys.shrinkIfSparse(&index) { table, numbers in
      entries = numbers.moved(entries, to: table.groupLimit, empty: GroupStateEntry())
      keys = table
    }
    counts.total = store.entryCount ?? keys.count
    counts.memoryBytes = memoryBytes
    return (out, counts)
  }

  var memoryBytes: Int {
    keys.memoryBytes + store.memoryBytes + index.memoryBytes + stateBytes
      + entries.capacity * MemoryLayout<GroupStateEntry>.stride
  }

  /// Sets what is kept of a group.
  private func keep(_ group: UInt32, _ entry: GroupStateEntry) {
    while entries.count <= Int(group) { entries.append(GroupStateEntry()) }
    stateBytes += entry.memoryBytes - entries[Int(group)].memoryBytes
    entries[Int(group)] = entry
    if let timeoutUs = entry.timeoutUs { index.add(group, at: timeoutUs) }
  }

  private func call(
    _ rows: KeyedRows, _ evictUs: Int64?, _ task: TaskContext, hasTimedOut: Bool,
    _ counts: inout StateCounts
  ) throws -> Batch {
    let (batch, states) = try rows.run(task) { rows, _ in
      let states = RunningGroupStates(
        rows, node: node, codec: valueCodec,
        watermarkUs: node.call.hasWatermark ? evictUs ?? 0 : nil, task: task,
        hasTimedOut: hasTimedOut
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

  private func set(_ key: [UInt8], _ entry: GroupStateEntry, _ counts: inout StateCounts) {
    key.withUnsafeBytes { bytes in
      let known = keys.find(bytes)
      if entry.isEmpty {
        if known == KeyTable.none { return }
        keep(known, GroupStateEntry())
        keys.remove(Selection([Int(known)]))
        store.remove(key: bytes)
        counts.removed += 1
        return
      }
      let group = keys.insert(bytes)
      if known != KeyTable.none, entries[Int(group)] == entry { return }
      keep(group, entry)
      entry.encoded.withUnsafeBytes { store.put(key: bytes, value: $0) }
      counts.updated += 1
    }
  }

  /// The keys whose timeout lies before this moment, the earliest first.
  private func timedOut(before limitUs: Int64) -> [[UInt8]] {
    var seen = Set<UInt32>()
    return index.takeExpired(upTo: limitUs - 1).compactMap { group in
      guard group != KeyTable.none, let timeoutUs = entries[Int(group)].timeoutUs,
        timeoutUs < limitUs, seen.insert(group).inserted
      else { return nil }
      return Array(keys.key(group))
    }
  }

  /// Puts the initial states where nothing is yet; gives their keys.
  private func readInitial(_ batches: [Batch], _ task: TaskContext) throws -> [[UInt8]] {
    guard let given = try rows.initialState(batches, task: task) else { return [] }
    // They are not counted as the batch's own changes.
    var counts = StateCounts()
    for (group, key) in given.keys.enumerated() {
      let values = given.groups.rows.columns.dropFirst(rows.codec.types.count)
        .map { $0.scalar(group) }
      set(key, GroupStateEntry(bytes: valueCodec.encode(Array(values))), &counts)
    }
    return given.keys
  }

  private func restore() throws {
    try store.restore { key, value in
      keep(keys.insert(key), GroupStateEntry(encoded: value))
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

  /// Of the bytes and what an array of them takes beside.
  var memoryBytes: Int { bytes.map { $0.count + 32 } ?? 0 }

  /// The timeout (the largest number: none), whether there is a state, the state.
  var encoded: [UInt8] {
    var out: [UInt8] = []
    withUnsafeBytes(of: (timeoutUs ?? .max).littleEndian) { out += $0 }
    out.append(bytes == nil ? 0 : 1)
    return out + (bytes ?? [])
  }

  /// The largest number: none.
  static func timeoutUs(_ encoded: UnsafeRawBufferPointer) -> Int64 {
    Int64(littleEndian: encoded.loadUnaligned(as: Int64.self))
  }

  init(encoded: UnsafeRawBufferPointer) {
    let timeout = Self.timeoutUs(encoded)
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
  private let node: GroupState
  private let codec: ValueCodec
  private let eventTimeUs: Int64?
  private let task: TaskContext
  private let stored: ([UInt8]) -> GroupStateEntry
  private var pending: [Int: GroupStateEntry] = [:]
  private var group = 0

  init(
    _ rows: KeyedRows, node: GroupState, codec: ValueCodec, watermarkUs: Int64?,
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
    guard node.call.clock == .processingTime else {
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
    guard node.call.clock == .eventTime else {
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
