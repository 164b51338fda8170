import Columns
import Expressions
import State

/// An aggregate over the distinct values of its arguments (batch only): the partial result is the
/// list of values seen.
struct DistinctAggregate: AggregateFunction {
  private let inner: any AggregateFunction
  private let types: [DataType]

  init(_ inner: any AggregateFunction, types: [DataType]) {
    self.inner = inner
    self.types = types
  }

  var name: String { inner.name }
  var resultType: DataType { inner.resultType }
  var isNullable: Bool { inner.isNullable }

  private var valueType: DataType {
    .structure(types.enumerated().map { Field("_\($0)", $1) })
  }
  var stateTypes: [DataType] { [.array(valueType, containsNull: false)] }

  func makeAccumulator() -> any Accumulator {
    DistinctAccumulator(inner: inner, types: types, valueType: valueType)
  }
}

/// Keeps the distinct (group, arguments) in one table, and per group their numbers in order.
private final class DistinctAccumulator: Accumulator {
  private let inner: any AggregateFunction
  private let types: [DataType]
  private let valueType: DataType
  private let codec: RowKeyCodec
  private let encoder: RowKeyEncoder
  private let table: KeyTable
  /// For each group the numbers of its values in `table`.
  private var values: [[UInt32]] = []

  init(inner: any AggregateFunction, types: [DataType], valueType: DataType) {
    self.inner = inner
    self.types = types
    self.valueType = valueType
    codec = RowKeyCodec([.long] + types)
    encoder = RowKeyEncoder(codec)
    table = KeyTable(width: codec.width)
  }

  var memoryBytes: Int { table.memoryBytes + values.reduce(0) { $0 + 32 + $1.capacity * 4 } }

  func grow(to groupCount: Int) {
    while values.count < groupCount { values.append([]) }
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    let owners = Buffer(capacity: count * 8)
    let out = owners.typed(Int64.self)
    for row in 0..<count { out[row] = Int64(groups[row]) }
    let keys = encoder.encode([Vector(.long, count: count, values: owners)] + arguments, count: count)
    let numbers = Buffer(capacity: count * 4)
    var known = table.groupLimit
    let found = numbers.typed(UInt32.self)
    table.findOrInsert(keys, into: found)
    for row in 0..<count where Int(found[row]) >= known {
      values[Int(groups[row])].append(found[row])
      known += 1
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    let list = states[0].flat
    let elements = list.children[0]
    let owners = Buffer(capacity: elements.count * 4)
    let out = owners.typed(UInt32.self)
    for row in 0..<count { for element in list.range(row) { out[element] = groups[row] } }
    let context = EvaluationContext(Batch([], count: elements.count), task: TaskContext())
    try update(
      elements.children, groups: UnsafePointer(out), count: elements.count, context: context)
  }

  private func decoded(_ numbers: [UInt32]) -> [Vector] {
    let selection = Selection(numbers.map(Int.init))
    return withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: max(numbers.count, 1)) {
      guard let base = $0.baseAddress else { return [] }
      table.keyAddresses(selection, to: base)
      return Array(codec.decode(base, count: numbers.count).dropFirst())
    }
  }

  func states(_ groups: Selection) throws -> [Vector] {
    var numbers: [UInt32] = []
    let offsets = Buffer(capacity: (groups.count + 1) * 4)
    let out = offsets.typed(Int32.self)
    out[0] = 0
    for index in 0..<groups.count {
      numbers += values[Int(groups.rows[index])]
      out[index + 1] = Int32(numbers.count)
    }
    let element = Vector(valueType, count: numbers.count, children: decoded(numbers))
    return [
      Vector(
        .array(valueType, containsNull: false), count: groups.count, values: offsets,
        children: [element])
    ]
  }

  func results(_ groups: Selection, context: EvaluationContext) throws -> Vector {
    let accumulator = inner.makeAccumulator()
    accumulator.grow(to: groups.count)
    var numbers: [UInt32] = []
    var owners: [UInt32] = []
    for index in 0..<groups.count {
      for number in values[Int(groups.rows[index])] {
        numbers.append(number)
        owners.append(UInt32(index))
      }
    }
    let columns = decoded(numbers)
    let rows = EvaluationContext(Batch(columns, count: numbers.count), task: context.task)
    try owners.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, !owners.isEmpty else { return }
      try accumulator.update(columns, groups: base, count: owners.count, context: rows)
    }
    return try accumulator.results(.identity(groups.count), context: context)
  }

  func reset(_ groups: Selection) {
    for index in 0..<groups.count {
      let group = Int(groups.rows[index])
      table.remove(Selection(values[group].map(Int.init)))
      values[group] = []
    }
  }
}
