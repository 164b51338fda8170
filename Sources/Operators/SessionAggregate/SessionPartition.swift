import Columns
import Contract
import Expressions
import State

/// A session stands under its key, start and end; the sessions of a key are a group.
struct SessionLayout: StateLayout {
  var keysAreGroups: Bool { false }

  func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: key.dropLast(SessionPartition.sessionBytes))
  }

  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    entries.map { StateDue(atUs: SessionPartition.times($0.key).1) }
  }
}

/// One state partition of sessions.
///
/// A session has a slot, which is its group number in the accumulators. Rows come as sessions of
/// their own, with partial results; each joins the sessions of its key that it overlaps or touches,
/// and may make one of several.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
final class SessionPartition: HoldsMemory, @unchecked Sendable {
  /// Bytes of the session at the end of a row's encoded key.
  static let sessionBytes = 19

  private struct Session {
    var key: UInt32
    var startUs: Int64
    var endUs: Int64
    /// The run that last changed it; 0: the slot is free.
    var stamp: UInt32
    /// Under which times it was stored last; nil: never.
    var stored: (startUs: Int64, endUs: Int64)?
  }

  private let aggregation: Aggregation
  private let store: any StatePartition
  private var keys = KeyTable(width: nil)
  private var accumulators: [any Accumulator]
  private let values: RowKeyEncoder
  private let codec: RowKeyCodec
  private var sessions: [Session] = []
  private var free: [UInt32] = []
  /// By key: its sessions' slots.
  private var slotsOfKey: [[UInt32]] = []
  private var index = ExpiryIndex()
  private var runs: UInt32 = 0
  /// The slots that the run has changed, some of them freed since or named twice.
  private var touched: [UInt32] = []
  private var isRestored = false

  init(_ aggregation: Aggregation, store: any StatePartition) {
    self.aggregation = aggregation
    self.store = store
    accumulators = aggregation.calls.map { $0.function.makeAccumulator() }
    values = RowKeyEncoder(RowKeyCodec(aggregation.stateTypes, for: .values))
    codec = aggregation.keyCodec
  }

  func run(
    _ pieces: [[AggregatePiece]], mode: OutputMode, evictUs: Int64?, task: TaskContext,
    batchRows: Int
  ) throws -> (batches: [Batch], counts: StateCounts) {
    if !isRestored {
      if store.isPaged {
        try store.select(mode == .complete ? .all : page(pieces, evictUs))
      }
      runs += 1
      try restore()
      isRestored = true
    }
    runs += 1
    touched = []
    for part in pieces { for piece in part { try merge(piece) } }
    var counts = StateCounts()
    let changed = Set(touched).filter { sessions[Int($0)].stamp == runs }.sorted()
    counts.updated = changed.count
    for slot in changed { index.add(slot, at: sessions[Int(slot)].endUs) }
    let evicted = evictUs.map(expired) ?? []
    let emitted =
      mode == .complete
      ? sessions.indices.filter { sessions[$0].stamp > 0 }.map { UInt32($0) } : evicted
    let batches = try output(emitted, task, batchRows)
    let gone = Set(evicted)
    try put(changed.filter { !gone.contains($0) })
    for slot in evicted { remove(slot) }
    if KeyTable.isSparse(sessions.count - free.count, of: sessions.count) { try shrink() }
    counts.removed = evicted.count
    counts.total = store.entryCount ?? sessions.count - free.count
    counts.memoryBytes = memoryBytes
    return (batches, counts)
  }

  var memoryBytes: Int {
    let lists =
      sessions.capacity * MemoryLayout<Session>.stride + slotsOfKey.capacity * 48
      + free.capacity * 4 + index.memoryBytes
    return accumulators.reduce(keys.memoryBytes + lists + store.memoryBytes) {
      $0 + $1.memoryBytes
    }
  }

  /// The keys whose sessions the batch may change, and those of sessions that may end.
  private func page(_ pieces: [[AggregatePiece]], _ evictUs: Int64?) -> StatePage {
    let groups = KeyTable(width: nil)
    for piece in pieces.joined() {
      for row in 0..<piece.keys.count {
        let prefix = piece.keys[row].dropLast(Self.sessionBytes)
        _ = groups.insert(UnsafeRawBufferPointer(rebasing: prefix))
      }
    }
    return StatePage(groups: groups, due: evictUs.map { [StateDue(atUs: $0)] } ?? [])
  }

  /// Slots whose results are moved at a time.
  private static let stepSlots = 4096

  /// Gives the sessions that are left new slots, in tables of their size.
  private func shrink() throws {
    let live = sessions.indices.filter { sessions[$0].stamp > 0 }
    let old = accumulators
    accumulators = aggregation.calls.map { $0.function.makeAccumulator() }
    for accumulator in accumulators { accumulator.grow(to: live.count) }
    for begin in stride(from: 0, to: live.count, by: Self.stepSlots) {
      let some = Selection(Array(live[begin..<min(begin + Self.stepSlots, live.count)]))
      let targets = Selection((begin..<begin + some.count).map { $0 })
      for (from, to) in zip(old, accumulators) {
        try to.merge(try from.states(some), groups: targets.rows, count: some.count)
      }
    }
    let (table, keyNumbers) = keys.shrunk()
    var slots = [UInt32](repeating: KeyTable.none, count: sessions.count)
    for (new, slot) in live.enumerated() { slots[slot] = UInt32(new) }
    sessions = live.map { slot in
      var session = sessions[slot]
      session.key = keyNumbers[Int(session.key)]
      return session
    }
    let numbers = NewNumbers(slots)
    slotsOfKey = NewNumbers(keyNumbers).moved(slotsOfKey, to: table.groupLimit, empty: [])
      .map { $0.map { numbers[$0] } }
    (keys, free) = (table, [])
    index.renumber { numbers[$0] }
    ReturnedMemory.want()
  }

  // MARK: Merging

  private func merge(_ piece: AggregatePiece) throws {
    let rows = piece.keys
    var targets = [UInt32](repeating: 0, count: rows.count)
    /// Slots that were joined into another while this piece is walked.
    var joinedInto: [UInt32: UInt32] = [:]
    for row in 0..<rows.count {
      targets[row] = place(rows[row], &joinedInto)
    }
    func root(_ slot: UInt32) -> UInt32 {
      var at = slot
      while let next = joinedInto[at] { at = next }
      return at
    }
    for accumulator in accumulators { accumulator.grow(to: sessions.count) }
    try absorb(joinedInto.keys.sorted().map { ($0, root($0)) })
    for row in 0..<rows.count { targets[row] = root(targets[row]) }
    try targets.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for (accumulator, states) in zip(accumulators, piece.states) {
        try accumulator.merge(states, groups: base, count: rows.count)
      }
    }
    for slot in joinedInto.keys.sorted() { free.append(slot) }
  }

  /// Adds the results of slots that were joined to those they were joined into.
  private func absorb(_ pairs: [(from: UInt32, into: UInt32)]) throws {
    if pairs.isEmpty { return }
    let from = Selection(pairs.map { Int($0.from) })
    let into = pairs.map(\.into)
    try into.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for accumulator in accumulators {
        let states = try accumulator.states(from)
        try accumulator.merge(states, groups: base, count: pairs.count)
        accumulator.reset(from)
      }
    }
  }

  /// The slot of the session that a row's own session belongs to.
  private func place(
    _ key: UnsafeRawBufferPointer, _ joinedInto: inout [UInt32: UInt32]
  ) -> UInt32 {
    let prefix = UnsafeRawBufferPointer(rebasing: key.dropLast(Self.sessionBytes))
    let (start, end) = Self.times(key)
    let number = keys.insert(prefix)
    while slotsOfKey.count <= Int(number) { slotsOfKey.append([]) }
    var met: [UInt32] = []
    for slot in slotsOfKey[Int(number)] {
      let session = sessions[Int(slot)]
      if session.startUs <= end, start <= session.endUs { met.append(slot) }
    }
    guard let first = met.first else {
      let slot = newSlot(Session(key: number, startUs: start, endUs: end, stamp: runs))
      slotsOfKey[Int(number)].append(slot)
      return slot
    }
    if sessions[Int(first)].stamp != runs { touched.append(first) }
    sessions[Int(first)].startUs = min(sessions[Int(first)].startUs, start)
    sessions[Int(first)].endUs = max(sessions[Int(first)].endUs, end)
    sessions[Int(first)].stamp = runs
    for slot in met.dropFirst() {
      let other = sessions[Int(slot)]
      sessions[Int(first)].startUs = min(sessions[Int(first)].startUs, other.startUs)
      sessions[Int(first)].endUs = max(sessions[Int(first)].endUs, other.endUs)
      forgetStored(slot)
      sessions[Int(slot)].stamp = 0
      joinedInto[slot] = first
    }
    if met.count > 1 {
      slotsOfKey[Int(number)].removeAll { met.dropFirst().contains($0) }
    }
    return first
  }

  private func newSlot(_ session: Session) -> UInt32 {
    let slot = free.popLast() ?? UInt32(sessions.count)
    if Int(slot) == sessions.count {
      sessions.append(session)
    } else {
      sessions[Int(slot)] = session
    }
    touched.append(slot)
    return slot
  }

  /// Start and end at the back of an encoded key: a marker, then each behind its own.
  fileprivate static func times(_ key: UnsafeRawBufferPointer) -> (Int64, Int64) {
    func time(_ fromEnd: Int) -> Int64 {
      let bits = UInt64(
        bigEndian: key.loadUnaligned(fromByteOffset: key.count - fromEnd, as: UInt64.self))
      return Int64(bitPattern: bits ^ (1 << 63))
    }
    return (time(17), time(8))
  }

  // MARK: Results

  /// The sessions that end at or before this moment.
  private func expired(_ limitUs: Int64) -> [UInt32] {
    var seen = Set<UInt32>()
    return index.takeExpired(upTo: limitUs).filter { slot in
      // A session that has grown, or a slot with another session, stands in the index again.
      Int(slot) < sessions.count && sessions[Int(slot)].stamp > 0
        && sessions[Int(slot)].endUs <= limitUs && seen.insert(slot).inserted
    }
  }

  private func output(_ slots: [UInt32], _ task: TaskContext, _ batchRows: Int) throws -> [Batch] {
    try stride(from: 0, to: slots.count, by: batchRows).map { begin in
      let some = Array(slots[begin..<min(begin + batchRows, slots.count)])
      let selection = Selection(some.map(Int.init))
      let context = EvaluationContext(Batch([], count: some.count), task: task)
      let results = try accumulators.map { try $0.results(selection, context: context) }
      return Batch(keyColumns(some) + results, count: some.count)
    }
  }

  /// Keys and session of some slots.
  private func keyColumns(_ slots: [UInt32]) -> [Vector] {
    let own = RowKeyCodec(codec.types.dropLast())
    let keyVectors = withUnsafeTemporaryAllocation(
      of: UnsafeRawPointer.self, capacity: max(slots.count, 1)
    ) { addresses -> [Vector] in
      guard let base = addresses.baseAddress, !own.types.isEmpty else { return [] }
      keys.keyAddresses(Selection(slots.map { Int(sessions[Int($0)].key) }), to: base)
      return own.decode(base, count: slots.count)
    }
    let (starts, ends) = (Buffer(capacity: slots.count * 8), Buffer(capacity: slots.count * 8))
    for (row, slot) in slots.enumerated() {
      starts.typed(Int64.self)[row] = sessions[Int(slot)].startUs
      ends.typed(Int64.self)[row] = sessions[Int(slot)].endUs
    }
    let type = codec.types[codec.types.count - 1]
    let moment = type.childTypes[0]
    let window = Vector(
      type, count: slots.count,
      children: [
        Vector(moment, count: slots.count, values: starts),
        Vector(moment, count: slots.count, values: ends),
      ])
    return keyVectors + [window]
  }

  // MARK: The store

  private func storedKey(_ key: UInt32, _ startUs: Int64, _ endUs: Int64) -> [UInt8] {
    var bytes = [UInt8](keys.key(key))
    func append(_ time: Int64) {
      bytes.append(1)
      withUnsafeBytes(of: (UInt64(bitPattern: time) ^ (1 << 63)).bigEndian) { bytes += $0 }
    }
    bytes.append(1)
    append(startUs)
    append(endUs)
    return bytes
  }

  private func forgetStored(_ slot: UInt32) {
    let session = sessions[Int(slot)]
    guard let stored = session.stored else { return }
    storedKey(session.key, stored.startUs, stored.endUs).withUnsafeBytes { store.remove(key: $0) }
    sessions[Int(slot)].stored = nil
  }

  private func put(_ slots: [UInt32]) throws {
    if slots.isEmpty { return }
    let selection = Selection(slots.map(Int.init))
    let states = try accumulators.flatMap { try $0.states(selection) }
    let encoded = values.encode(states, count: slots.count, hashing: false)
    for (row, slot) in slots.enumerated() {
      let session = sessions[Int(slot)]
      if let stored = session.stored, stored != (session.startUs, session.endUs) {
        forgetStored(slot)
      }
      storedKey(session.key, session.startUs, session.endUs).withUnsafeBytes {
        store.put(key: $0, value: encoded[row])
      }
      sessions[Int(slot)].stored = (session.startUs, session.endUs)
    }
  }

  private func remove(_ slot: UInt32) {
    forgetStored(slot)
    let number = Int(sessions[Int(slot)].key)
    slotsOfKey[number].removeAll { $0 == slot }
    if slotsOfKey[number].isEmpty { keys.remove(Selection([number])) }
    sessions[Int(slot)].stamp = 0
    let selection = Selection([Int(slot)])
    for accumulator in accumulators { accumulator.reset(selection) }
    free.append(slot)
  }

  private func restore() throws {
    var loader = StateLoader(keyWidth: nil, values: values.codec)
    let take: ([Vector], OwnedKeys) throws -> Void = { [self] columns, owned in
      var rest = columns[...]
      let states = aggregation.calls.map { call in
        let own = Array(rest.prefix(call.function.stateTypes.count))
        rest = rest.dropFirst(own.count)
        return own
      }
      try merge(AggregatePiece(keys: owned, states: states))
    }
    try store.restore { key, value in
      loader.add(key, value)
      if loader.isFull { try loader.flush(take) }
    }
    try loader.flush(take)
    for slot in sessions.indices where sessions[slot].stamp > 0 {
      sessions[slot].stored = (sessions[slot].startUs, sessions[slot].endUs)
      index.add(UInt32(slot), at: sessions[slot].endUs)
    }
  }
}
