import Columns
import Contract
import Expressions
import Plan
import State

/// One partition of a processor's states.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
final class ProcessorPartition: KeyedFunctionPartition, @unchecked Sendable {
  private let node: TransformWithState
  private let rows: KeyedInput
  private let store: ProcessorStore
  private var isRestored = false

  init(_ node: TransformWithState, _ rows: KeyedInput, store: any StatePartition) {
    self.node = node
    self.rows = rows
    self.store = ProcessorStore(store)
  }

  func run(
    _ batches: [Batch], initial: [Batch], evictUs: Int64?, task: TaskContext
  ) throws -> (batches: [Batch], counts: StateCounts) {
    let limitUs = node.call.clock.limitUs(evictUs, task)
    if !isRestored {
      if store.isPaged {
        let groups = try rows.groups(batches, initial: initial, task: task)
        try store.select(groups, timersUpTo: limitUs, expiredUpTo: task.batchTimeUs)
      }
      try store.restore()
      isRestored = true
    }
    var out: [Batch] = []
    let states = RunningStates(
      store, node: node, watermarkUs: node.call.hasWatermark ? evictUs ?? 0 : nil, task: task)
    // A processor is opened for a partition that has something to do.
    let isIdle =
      batches.allSatisfy { $0.count == 0 } && initial.allSatisfy { $0.count == 0 }
      && !store.hasTimer(upTo: limitUs)
    if !isIdle {
      let processor = try node.processor.open(states, output: node.schema, task: task)
      try begin(initial, processor, states, task)
      states.isRunning = true
      let groups = try rows.groups(of: batches, task: task)
      if !groups.keys.isEmpty {
        out.append(
          try attempt(groups, states, task) {
            try processor.handleInputRows($0.groups, task: task)
          })
      }
      if let limitUs { out += try fire(store.expiredTimers(limitUs), processor, states, task) }
      try processor.close()
    }
    let expired = store.removeExpired(task.batchTimeUs)
    let changes = store.flush()
    return (out, counts(changes, states, expired))
  }

  private func attempt(
    _ rows: KeyedRows, _ states: RunningStates, _ task: TaskContext,
    _ body: (KeyedRows) throws -> Batch
  ) throws -> Batch {
    try rows.run(task) { rows, isTrial in
      store.mark()
      states.groups = rows.keys
      do {
        let result = try body(rows)
        if isTrial { store.restoreMark() }
        return result
      } catch let error as RowFailure {
        store.restoreMark()
        throw error
      }
    }
  }

  /// Hands the initial state over, a row a key.
  private func begin(
    _ initial: [Batch], _ processor: any RunningProcessor, _ states: RunningStates,
    _ task: TaskContext
  ) throws {
    guard let given = try rows.initialState(initial, task: task) else { return }
    states.isRunning = true
    _ = try attempt(given, states, task) { rows in
      try processor.handleInitialState(rows.groups, task: task)
      return Batch([], count: 0)
    }
  }

  private func fire(
    _ timers: [(group: [UInt8], timeUs: Int64)], _ processor: any RunningProcessor,
    _ states: RunningStates, _ task: TaskContext
  ) throws -> [Batch] {
    if timers.isEmpty { return [] }
    states.groups = timers.map(\.group)
    states.firing = timers
    defer { states.firing = [] }
    let began = SystemTime.monotonicNs
    let keys = KeyedRows.batch(states.groups, rows.codec)
    let batch = try processor.handleExpiredTimers(
      keys: keys, keySchema: rows.keySchema, timesUs: timers.map(\.timeUs), task: task)
    states.endTimers(before: timers.count)
    states.counts["numExpiredTimers", default: 0] += Int64(timers.count)
    let spentMs = (SystemTime.monotonicNs - began) / 1_000_000
    states.counts["timerProcessingTimeMs", default: 0] += spentMs
    return [batch]
  }

  var memoryBytes: Int { store.memoryBytes }

  private func counts(
    _ changes: (set: Int, removed: Int), _ states: RunningStates, _ expired: Int
  ) -> StateCounts {
    var counts = StateCounts()
    counts.total = store.count
    counts.updated = changes.set
    counts.removed = changes.removed
    counts.memoryBytes = memoryBytes
    counts.custom = states.counts
    counts.custom["numValuesRemovedDueToTTLExpiry"] = Int64(expired)
    return counts
  }
}

/// The states and timers that a processor reaches while it runs.
final class RunningStates: ProcessorStates {
  /// Set once `init` has returned.
  var isRunning = false
  /// The keys of the groups that the running call is about.
  var groups: [[UInt8]] = []
  /// As Spark's progress names them; each is there, however few there are.
  var counts = Dictionary(uniqueKeysWithValues: countNames.map { ($0, Int64(0)) })
  private static let countNames = [
    "numValueStateVars", "numListStateVars", "numMapStateVars", "numDeletedStateVars",
    "timerProcessingTimeMs", "numRegisteredTimers", "numDeletedTimers", "numExpiredTimers",
    "numValueStateWithTTLVars", "numListStateWithTTLVars", "numMapStateWithTTLVars",
    "numValuesRemovedDueToTTLExpiry",
  ]
  private let store: ProcessorStore
  private let node: TransformWithState
  private let eventTimeUs: Int64?
  private let task: TaskContext
  fileprivate private(set) var key: [UInt8] = []
  /// What the processor has declared.
  private(set) var stores: [StateSchema.Store] = []

  init(
    _ store: ProcessorStore, node: TransformWithState, watermarkUs: Int64?, task: TaskContext
  ) {
    self.store = store
    self.node = node
    eventTimeUs = watermarkUs
    self.task = task
  }

  /// The timers that the running call is about, where it is one of timers.
  var firing: [(group: [UInt8], timeUs: Int64)] = [] {
    didSet { endedTimers = 0 }
  }
  private var endedTimers = 0

  /// A timer is gone once its function has returned: the next one sees it no more.
  func enter(_ group: Int) {
    endTimers(before: group)
    key = groups[group]
  }

  func endTimers(before count: Int) {
    while endedTimers < min(count, firing.count) {
      let timer = firing[endedTimers]
      store.remove(
        ProcessorStore.place(.timer, "", group: timer.group), ProcessorStore.ordered(timer.timeUs))
      endedTimers += 1
    }
  }

  var processingTimeUs: Int64 { task.batchTimeUs }

  func watermarkUs() throws -> Int64 {
    if let eventTimeUs { return eventTimeUs }
    throw Failure(
      "UNSUPPORTED_OPERATION", "there is no watermark before transformWithState",
      hint: "Put `withWatermark(column, delay)` before it.")
  }

  // MARK: States

  private func declare(
    _ name: String, _ kind: String, ttlUs: Int64?, _ value: Schema, key: Schema = Schema([])
  ) throws {
    guard !isRunning else {
      throw Failure(
        "STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE",
        "the state `\(name)` is asked for outside `init`")
    }
    guard !stores.contains(where: { $0.name == name }) else {
      throw Failure(
        "STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED",
        "two states are called `\(name)`")
    }
    if ttlUs != nil, node.call.clock != .processingTime {
      throw Failure(
        "STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL",
        "the state `\(name)` has a time to live, which needs `timeMode = \"processingTime\"`")
    }
    stores.append(
      .init(
        name, kind: kind.lowercased(), value: value, mapKey: key, hasTimeToLive: ttlUs != nil))
    counts["num\(kind)State\(ttlUs == nil ? "" : "WithTTL")Vars", default: 0] += 1
  }

  func value(_ name: String, _ schema: Schema, ttlUs: Int64?) throws -> any ValueState {
    try declare(name, "Value", ttlUs: ttlUs, schema)
    return ValueHandle(StateAccess(self, .value, name, ttlUs), ValueCodec(schema))
  }

  func list(_ name: String, _ schema: Schema, ttlUs: Int64?) throws -> any ListState {
    try declare(name, "List", ttlUs: ttlUs, schema)
    return ListHandle(StateAccess(self, .list, name, ttlUs), ValueCodec(schema))
  }

  func map(_ name: String, key: Schema, value: Schema, ttlUs: Int64?) throws -> any MapState {
    try declare(name, "Map", ttlUs: ttlUs, value, key: key)
    return MapHandle(StateAccess(self, .map, name, ttlUs), ValueCodec(key), ValueCodec(value))
  }

  // MARK: Timers

  private func timerPlace() throws -> [UInt8] {
    guard node.call.clock != .none else {
      throw Failure(
        "STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE",
        "timers need a `timeMode`: \"processingTime\" or \"eventTime\"")
    }
    guard isRunning else {
      throw Failure(
        "STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE",
        "timers belong to a key, and `init` has none")
    }
    return ProcessorStore.place(.timer, "", group: key)
  }

  func registerTimer(us: Int64) throws {
    let place = try timerPlace()
    store.set(
      place, ProcessorStore.ordered(us), ProcessorStore.Item(bytes: [], expiresUs: .max))
    counts["numRegisteredTimers", default: 0] += 1
  }

  func deleteTimer(us: Int64) throws {
    store.remove(try timerPlace(), ProcessorStore.ordered(us))
    counts["numDeletedTimers", default: 0] += 1
  }

  func timersUs() throws -> [Int64] {
    store.items(try timerPlace(), nowUs: .min).map { ProcessorStore.number($0.suffix[...]) }
  }

  /// The store, for a state of the current group.
  fileprivate func checkedStore() throws -> ProcessorStore {
    guard isRunning else {
      throw Failure(
        "STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE",
        "a state is read or changed in `init`, where there is no key yet")
    }
    return store
  }
}

/// One declared state, seen at the current group.
private struct StateAccess {
  private let states: RunningStates
  private let kind: ProcessorStore.Kind
  private let name: String
  private let ttlUs: Int64?

  init(_ states: RunningStates, _ kind: ProcessorStore.Kind, _ name: String, _ ttlUs: Int64?) {
    self.states = states
    self.kind = kind
    self.name = name
    self.ttlUs = ttlUs
  }

  private var place: [UInt8] { ProcessorStore.place(kind, name, group: states.key) }
  private var nowUs: Int64 { states.processingTimeUs }

  func get(_ suffix: [UInt8]) throws -> [UInt8]? {
    try states.checkedStore().item(place, suffix, nowUs: nowUs)?.bytes
  }

  func all() throws -> [(suffix: [UInt8], item: ProcessorStore.Item)] {
    try states.checkedStore().items(place, nowUs: nowUs)
  }

  func set(_ suffix: [UInt8], _ bytes: [UInt8]) throws {
    let expires = ttlUs.map { nowUs + $0 } ?? .max
    try states.checkedStore().set(
      place, suffix, ProcessorStore.Item(bytes: bytes, expiresUs: expires))
  }

  func remove(_ suffix: [UInt8]) throws { try states.checkedStore().remove(place, suffix) }

  func clear() throws { try states.checkedStore().clear(place) }
}

private final class ValueHandle: ValueState {
  private let access: StateAccess
  private let codec: ValueCodec

  init(_ access: StateAccess, _ codec: ValueCodec) {
    self.access = access
    self.codec = codec
  }

  func get() throws -> [Scalar]? { try access.get([]).map { codec.decode($0[...]) } }
  func update(_ value: [Scalar]) throws { try access.set([], codec.encode(value)) }
  func clear() throws { try access.clear() }
}

private final class ListHandle: ListState {
  private let access: StateAccess
  private let codec: ValueCodec

  init(_ access: StateAccess, _ codec: ValueCodec) {
    self.access = access
    self.codec = codec
  }

  func get() throws -> [[Scalar]] { try access.all().map { codec.decode($0.item.bytes[...]) } }

  func put(_ values: [[Scalar]]) throws {
    try access.clear()
    try add(values, from: 0)
  }

  func append(_ values: [[Scalar]]) throws {
    let last = try access.all().last.map { ProcessorStore.number($0.suffix[...]) } ?? -1
    try add(values, from: last + 1)
  }

  private func add(_ values: [[Scalar]], from first: Int64) throws {
    for (offset, value) in values.enumerated() {
      try access.set(ProcessorStore.ordered(first + Int64(offset)), codec.encode(value))
    }
  }

  func clear() throws { try access.clear() }
}

private final class MapHandle: MapState {
  private let access: StateAccess
  private let keyCodec: ValueCodec
  private let valueCodec: ValueCodec

  init(_ access: StateAccess, _ keyCodec: ValueCodec, _ valueCodec: ValueCodec) {
    self.access = access
    self.keyCodec = keyCodec
    self.valueCodec = valueCodec
  }

  func get(_ key: [Scalar]) throws -> [Scalar]? {
    try access.get(keyCodec.encode(key)).map { valueCodec.decode($0[...]) }
  }
  func update(_ key: [Scalar], _ value: [Scalar]) throws {
    try access.set(keyCodec.encode(key), valueCodec.encode(value))
  }
  func remove(_ key: [Scalar]) throws { try access.remove(keyCodec.encode(key)) }
  func entries() throws -> [(key: [Scalar], value: [Scalar])] {
    try access.all().map { entry in
      (keyCodec.decode(entry.suffix[...]), valueCodec.decode(entry.item.bytes[...]))
    }
  }
  func clear() throws { try access.clear() }
}
