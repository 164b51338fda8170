import Columns
import Expressions
import Glibc
import State

/// The groups of one aggregation, or of one partition of it: keys to group numbers, and the running
/// results by group number. One owner at a time.
final class GroupTable {
  let keys: KeyTable
  let accumulators: [any Accumulator]
  private let aggregation: Aggregation
  private let encoder: RowKeyEncoder
  private var groups = Buffer(capacity: 0)

  init(_ aggregation: Aggregation) {
    self.aggregation = aggregation
    let codec = aggregation.keyCodec
    keys = KeyTable(width: codec.width)
    encoder = RowKeyEncoder(codec)
    accumulators = aggregation.calls.map { $0.function.makeAccumulator() }
  }

  /// Bytes held.
  var memoryBytes: Int { accumulators.reduce(keys.memoryBytes) { $0 + $1.memoryBytes } }

  private func groupNumbers(_ count: Int) -> UnsafeMutablePointer<UInt32> {
    if groups.capacity < count * 4 { groups = Buffer(capacity: count * 4) }
    return groups.typed(UInt32.self)
  }

  private func grow() {
    for accumulator in accumulators { accumulator.grow(to: keys.groupLimit) }
  }

  /// The one group of an aggregation without keys.
  func addSingleGroup() {
    let none = encoder.encode([], count: 1)
    keys.findOrInsert(none, into: groupNumbers(1))
    grow()
  }

  /// What the expressions of an aggregation give for some rows.
  struct Arguments {
    fileprivate let context: EvaluationContext
    fileprivate let keys: [Vector]
    fileprivate let calls: [(values: [Vector], chosen: Selection?)]
  }

  /// Evaluates what `update` takes; nothing is added yet, so that rows may be given again without
  /// those at fault.
  func arguments(_ context: EvaluationContext) throws -> Arguments {
    Arguments(
      context: context, keys: try aggregation.keys.map { try $0.evaluate(context) },
      calls: try aggregation.calls.map { call in
        (
          values: try call.arguments.map { try $0.evaluate(context) },
          chosen: try call.filter.map { Selection.whereTrue(try $0.evaluate(context)) }
        )
      })
  }

  /// Adds rows. A failure leaves the table half done.
  func update(_ context: EvaluationContext) throws { try update(arguments(context)) }

  /// Adds rows whose expressions have been evaluated.
  func update(_ arguments: Arguments) throws {
    let context = arguments.context
    let count = context.count
    let numbers = groupNumbers(count)
    keys.findOrInsert(encoder.encode(arguments.keys, count: count), into: numbers)
    grow()
    for (accumulator, argument) in zip(accumulators, arguments.calls) {
      guard let chosen = argument.chosen else {
        try accumulator.update(argument.values, groups: numbers, count: count, context: context)
        continue
      }
      let some = Buffer(capacity: chosen.count * 4)
      let target = some.typed(UInt32.self)
      for index in 0..<chosen.count { target[index] = numbers[Int(chosen.rows[index])] }
      try accumulator.update(
        argument.values.map { $0.gathered(chosen) }, groups: target, count: chosen.count,
        context: context.narrowed(to: chosen))
    }
  }

  /// Adds partial results. `seen` is given the groups of the piece's rows.
  func merge(
    _ piece: AggregatePiece, seen: (UnsafePointer<UInt32>, Int) -> Void = { _, _ in }
  ) throws {
    let rows = piece.keys
    let numbers = groupNumbers(rows.count)
    keys.findOrInsert(rows, into: numbers)
    grow()
    for (accumulator, states) in zip(accumulators, piece.states) {
      try accumulator.merge(states, groups: numbers, count: rows.count)
    }
    seen(numbers, rows.count)
  }

  /// The partial results of some groups.
  func piece(_ some: Selection) throws -> AggregatePiece {
    AggregatePiece(
      keys: OwnedKeys(keys, some), states: try accumulators.map { try $0.states(some) })
  }

  /// The key columns of some groups.
  func keyColumns(_ some: Selection, codec: RowKeyCodec) -> [Vector] {
    if codec.types.isEmpty { return [] }
    return withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: max(some.count, 1)) {
      addresses in
      guard let base = addresses.baseAddress else { return [] }
      keys.keyAddresses(some, to: base)
      return codec.decode(base, count: some.count)
    }
  }

  /// Keys and results of some groups.
  func output(_ some: Selection, codec: RowKeyCodec, task: TaskContext) throws -> Batch {
    let keyVectors = keyColumns(some, codec: codec)
    let context = EvaluationContext(Batch([], count: some.count), task: task)
    let results = try accumulators.map { try $0.results(some, context: context) }
    return Batch(keyVectors + results, count: some.count)
  }

  /// Forgets some groups.
  func remove(_ some: Selection) {
    for accumulator in accumulators { accumulator.reset(some) }
    keys.remove(some)
  }
}

/// The results of some groups, as rows.
///
/// Border (`@unchecked Sendable`): nobody changes the table while results are read, and one worker
/// at a time reads them.
final class GroupResults: @unchecked Sendable {
  private let table: GroupTable
  private let groups: Selection
  private let codec: RowKeyCodec
  private let task: TaskContext
  private let batchRows: Int

  init(
    _ table: GroupTable, _ groups: Selection, codec: RowKeyCodec, task: TaskContext, batchRows: Int
  ) {
    self.table = table
    self.groups = groups
    self.codec = codec
    self.task = task
    self.batchRows = batchRows
  }

  /// Evaluates the results as they are pulled.
  var partition: Partition {
    Partition { [self] own in
      var at = 0
      return GeneratedStream { [self] in try next(&at, worker: own.worker) }
    }
  }

  /// The results as they are now.
  var evaluated: Partition {
    get throws {
      var (batches, at): ([Batch], Int) = ([], 0)
      while let batch = try next(&at, worker: task.worker) { batches.append(batch) }
      return Partition { [batches] _ in BatchList(batches) }
    }
  }

  private func next(_ at: inout Int, worker: Int) throws -> Batch? {
    if at >= groups.count { return nil }
    let end = min(at + batchRows, groups.count)
    defer { at = end }
    return try table.output(
      groups.sliced(at..<end), codec: codec,
      task: task.with(partition: task.partition, worker: worker))
  }
}

/// Partial results of some groups, on their way to the partition that owns them.
struct AggregatePiece: Sendable {
  private let owned: OwnedKeys
  /// The state columns of each call.
  let states: [[Vector]]

  init(keys: OwnedKeys, states: [[Vector]]) {
    owned = keys
    self.states = states
  }

  var keys: RowKeys { owned.rows }
  var count: Int { owned.count }
}

/// Row keys that own their bytes.
struct OwnedKeys: Sendable {
  let bytes: Buffer
  let offsets: Buffer?
  let width: Int
  let count: Int
  let hashes: Buffer

  init(bytes: Buffer, offsets: Buffer?, width: Int, count: Int, hashes: Buffer) {
    self.bytes = bytes
    self.offsets = offsets
    self.width = width
    self.count = count
    self.hashes = hashes
  }

  /// Copies of the keys of some groups.
  init(_ table: KeyTable, _ groups: Selection) {
    let (rows, keys) = (groups.rows, table.stored)
    count = groups.count
    hashes = Buffer(capacity: groups.count * 8)
    let out = hashes.typed(UInt64.self)
    if let width = table.width {
      self.width = width
      offsets = nil
      bytes = Buffer(capacity: groups.count * width)
      var target = bytes.pointer
      for index in 0..<groups.count {
        if let source = keys[rows[index]].baseAddress {
          ShortBytes.copy(source, width, to: target)
        }
        out[index] = RowKeyHash.hash(target, width)
        target += width
      }
      return
    }
    width = 0
    let starts = Buffer(capacity: (groups.count + 1) * 8)
    let places = starts.typed(Int.self)
    places[0] = 0
    for index in 0..<groups.count {
      places[index + 1] = places[index] &+ keys[rows[index]].count
    }
    bytes = Buffer(capacity: places[groups.count])
    for index in 0..<groups.count {
      let target = bytes.pointer + places[index]
      let key = keys[rows[index]]
      if let source = key.baseAddress { ShortBytes.copy(source, key.count, to: target) }
      out[index] = RowKeyHash.hash(target, key.count)
    }
    offsets = starts
  }

  /// Valid while this is held.
  var rows: RowKeys {
    RowKeys(
      bytes: bytes.pointer, offsets: offsets.map { UnsafePointer($0.typed(Int.self)) },
      width: width, count: count, hashes: UnsafePointer(hashes.typed(UInt64.self)))
  }
}

extension Selection {
  /// Some consecutive ones of these rows.
  func sliced(_ range: Swift.Range<Int>) -> Selection {
    if range == 0..<count { return self }
    let out = Buffer(capacity: range.count * 4)
    memcpy(out.pointer, rows + range.lowerBound, range.count * 4)
    return Selection(buffer: out, count: range.count)
  }

  /// The rows for which `isKept` holds.
  func filtered(_ isKept: (Int) -> Bool) -> Selection {
    let out = Buffer(capacity: count * 4)
    let target = out.typed(UInt32.self)
    var found = 0
    for index in 0..<count where isKept(index) {
      target[found] = rows[index]
      found &+= 1
    }
    return Selection(buffer: out, count: found)
  }
}
