import Columns
import Contract
import Expressions
import Plan

/// The rows of one partition sorted into groups, for functions that take a group at a time.
struct KeyedRows {
  let groups: GroupedRows
  /// The encoded key of each group, in their order.
  let keys: [[UInt8]]

  /// Groups and the rows in them in order of arrival; `extra` are encoded keys that get a group
  /// without rows where they have none.
  init(
    _ batches: [Batch], keys: [CompiledExpression], keySchema: Schema, input: [Attribute],
    schema: Schema, extra: [[UInt8]] = [], task: TaskContext
  ) throws {
    let rows = Batch.concatenated(batches, types: input.map(\.type)).dense
    let context = EvaluationContext(rows, task: task)
    let columns = try keys.map { try $0.evaluate(context) }
    let codec = RowKeyCodec(keys.map(\.type))
    let set = KeySet(codec)
    _ = set.insertNew(columns, rows.count)
    let numbers = set.lastGroups
    for key in extra { key.withUnsafeBytes { _ = set.table.insert($0) } }
    let count = set.table.groupLimit
    var offsets = [Int](repeating: 0, count: count + 1)
    for row in 0..<rows.count { offsets[Int(numbers[row]) + 1] += 1 }
    for group in 0..<count { offsets[group + 1] += offsets[group] }
    var next = offsets
    let order = Buffer(capacity: rows.count * 4)
    let out = order.typed(UInt32.self)
    for row in 0..<rows.count {
      let group = Int(numbers[row])
      out[next[group]] = UInt32(truncatingIfNeeded: row)
      next[group] += 1
    }
    let decoded = Self.decoded(set, codec, count)
    groups = GroupedRows(
      keys: Batch(decoded, count: count), keySchema: keySchema,
      rows: rows.selecting(Selection(buffer: order, count: rows.count)).dense, schema: schema,
      offsets: offsets)
    self.keys = (0..<count).map { Array(set.table.key(UInt32($0))) }
    withExtendedLifetime(set) {}
  }

  /// Groups without rows, by their encoded keys.
  init(
    keys: [[UInt8]], codec: RowKeyCodec, keySchema: Schema, input: [Attribute], schema: Schema
  ) {
    self.keys = keys
    groups = GroupedRows(
      keys: Self.batch(keys, codec), keySchema: keySchema,
      rows: Batch(input.map { .nulls($0.type, count: 0) }, count: 0), schema: schema,
      offsets: [Int](repeating: 0, count: keys.count + 1))
  }

  /// The key columns of encoded keys.
  static func batch(_ keys: [[UInt8]], _ codec: RowKeyCodec) -> Batch {
    let set = KeySet(codec)
    for key in keys { key.withUnsafeBytes { _ = set.table.insert($0) } }
    // The same key may come several times (timers), and a set has it once.
    let rows = keys.map { key in key.withUnsafeBytes { Int(set.table.insert($0)) } }
    let decoded = decoded(set, codec, set.table.groupLimit)
    return Batch(decoded, count: set.table.groupLimit).selecting(Selection(rows)).dense
  }

  private static func decoded(_ set: KeySet, _ codec: RowKeyCodec, _ count: Int) -> [Vector] {
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: max(count, 1)) { buffer in
      guard let base = buffer.baseAddress else { return [] }
      set.table.keyAddresses(.identity(count), to: base)
      return codec.decode(base, count: count)
    }
  }

  /// Some of the groups.
  private func with(_ kept: [Int]) -> KeyedRows {
    var offsets = [0]
    var rows: [Int] = []
    for other in kept {
      rows += Array(groups.offsets[other]..<groups.offsets[other + 1])
      offsets.append(rows.count)
    }
    return KeyedRows(
      groups: GroupedRows(
        keys: groups.keys.selecting(Selection(kept)).dense, keySchema: groups.keySchema,
        rows: groups.rows.selecting(Selection(rows)).dense, schema: groups.schema,
        offsets: offsets), keys: kept.map { keys[$0] })
  }

  private init(groups: GroupedRows, keys: [[UInt8]]) {
    self.groups = groups
    self.keys = keys
  }

  /// The rows of one group, for the bad rows.
  func rows(of group: Int) -> [[Scalar]] {
    (groups.offsets[group]..<groups.offsets[group + 1]).map { row in
      groups.rows.columns.map { $0.scalar(row) }
    }
  }

  /// Calls a function over the groups; one on which it fails is left out where a policy takes its
  /// rows. `attempt` begins with the state as it was, and leaves it so where it is only a trial.
  func run<T>(
    _ task: TaskContext, _ attempt: (KeyedRows, _ isTrial: Bool) throws -> T
  ) throws -> T {
    do { return try attempt(self, false) } catch let error as RowFailure {
      guard let badRows = task.badRows, error.row < keys.count else { throw located(error) }
      let (good, bad) = try FailingItems.find(keys.count, error) {
        _ = try attempt(with($0), true)
      }
      let result = try attempt(with(good), false)
      for (group, failure) in bad {
        for (index, row) in rows(of: group).enumerated() {
          badRows.put(
            BadRow(.function, failure, row, schema: groups.schema, position: index + 1),
            task: task)
        }
      }
      return result
    }
  }

  private func located(_ error: RowFailure) -> Failure {
    guard error.row < keys.count else { return error.failure }
    var failure = error.failure
    let values = groups.keySchema.fields.enumerated().map { index, field in
      "\(field.name): "
        + RowText.shown(groups.keys.columns[index].scalar(error.row), field.type)
    }
    failure.details.append("key: " + values.joined(separator: ", "))
    return failure
  }
}

/// Rows of values to bytes and back, a row at a time: the states that user functions keep.
struct ValueCodec: Sendable {
  let schema: Schema
  private let codec: RowKeyCodec

  init(_ schema: Schema) {
    self.schema = schema
    codec = RowKeyCodec(schema.fields.map(\.type), for: .values)
  }

  func encode(_ values: [Scalar]) -> [UInt8] {
    let columns = zip(schema.fields, values).map { field, value -> Vector in
      let builder = VectorBuilder(field.type, capacity: 1)
      builder.append(value)
      return builder.finish()
    }
    let encoder = RowKeyEncoder(codec)
    let rows = encoder.encode(columns, count: 1, hashing: false)
    return withExtendedLifetime(encoder) { Array(rows[0]) }
  }

  func decode(_ bytes: ArraySlice<UInt8>) -> [Scalar] {
    bytes.withUnsafeBytes { raw in
      guard let start = raw.baseAddress else { return schema.fields.map { _ in .null } }
      var address = start
      return withUnsafeMutablePointer(to: &address) {
        codec.decode($0, count: 1).map { $0.scalar(0) }
      }
    }
  }
}
