import Columns
import Contract

/// COLLECT_LIST (ARRAY_AGG): the values of a group that are not NULL, in order of arrival.
/// COLLECT_SET: the distinct ones, in order of first arrival. COLLECT_UNION: those of the elements
/// of arrays.
final class CollectAccumulator: Accumulator {
  private var lists: GroupLists
  private var sets = GroupSets()
  private var key = ValueKey()
  private let type: DataType
  private let isSet: Bool
  private let keepsNulls: Bool
  private let isOfArrays: Bool

  init(_ element: DataType, isSet: Bool, keepsNulls: Bool, isOfArrays: Bool) {
    lists = GroupLists(element)
    type = .array(element, containsNull: keepsNulls)
    self.isSet = isSet
    self.keepsNulls = keepsNulls
    self.isOfArrays = isOfArrays
  }

  func grow(to groupCount: Int) {
    lists.grow(to: groupCount)
    if isSet { sets.grow(to: groupCount) }
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    if isOfArrays { return appendElements(arguments[0].flat, groups, count) }
    var rows: [(row: Int, group: Int)] = []
    let vector = arguments[0]
    for row in 0..<count where keepsNulls || !vector.isNull(row) {
      rows.append((row, Int(groups[row])))
    }
    append(vector, rows)
  }

  private func appendElements(
    _ lists: Vector, _ groups: UnsafePointer<UInt32>, _ count: Int
  ) {
    guard lists.nullCount < lists.count else { return }
    let elements = lists.children[0].withoutNegativeZeros
    var rows: [(row: Int, group: Int)] = []
    for row in 0..<count where !lists.isNull(row) {
      for element in lists.range(row) where !elements.isNull(element) {
        rows.append((element, Int(groups[row])))
      }
    }
    append(elements, rows)
  }

  private func append(_ vector: Vector, _ rows: [(row: Int, group: Int)]) {
    guard isSet else { return lists.append(vector, rows: rows) }
    let fresh = rows.filter { item in
      key.clear()
      key.append(vector, item.row)
      return sets.insert(key.bytes, item.group)
    }
    lists.append(vector, rows: fresh)
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    guard isSet else { return lists.append(lists: states[0], groups: groups, count: count) }
    let partial = states[0].flat
    var rows: [(row: Int, group: Int)] = []
    for row in 0..<count {
      for element in partial.range(row) { rows.append((element, Int(groups[row]))) }
    }
    append(partial.children[0], rows)
  }

  func states(_ groups: Selection) -> [Vector] { [lists.vector(type, groups)] }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    lists.vector(type, groups)
  }

  func reset(_ groups: Selection) {
    lists.reset(groups)
    if isSet { sets.reset(groups) }
  }

  var memoryBytes: Int { lists.memoryBytes + (isSet ? sets.memoryBytes : 0) }

  static func function(
    _ name: String, _ element: DataType, isSet: Bool, keepsNulls: Bool = false,
    isOfArrays: Bool = false
  ) -> TypedAggregate {
    let type = DataType.array(element, containsNull: keepsNulls)
    return TypedAggregate(name, type, isNullable: false, states: [type]) {
      CollectAccumulator(
        element, isSet: isSet, keepsNulls: keepsNulls, isOfArrays: isOfArrays)
    }
  }
}

/// Any aggregate over DISTINCT rows of its arguments: each group remembers the rows that it has
/// seen, and only a new one reaches the aggregate within.
final class DistinctAccumulator: Accumulator {
  private let inner: any Accumulator
  private var sets = GroupSets()
  private var lists: GroupLists
  private var key = ValueKey()
  private let stateType: DataType
  private let task = TaskContext()

  init(_ inner: any Accumulator, row: DataType) {
    self.inner = inner
    lists = GroupLists(row)
    stateType = .array(row, containsNull: false)
  }

  func grow(to groupCount: Int) {
    inner.grow(to: groupCount)
    sets.grow(to: groupCount)
    lists.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    try add(arguments, (0..<count).map { ($0, Int(groups[$0])) }, context)
  }

  private func add(
    _ arguments: [Vector], _ rows: [(row: Int, group: Int)], _ context: EvaluationContext
  ) throws {
    let fresh = rows.filter { item in
      key.clear()
      for argument in arguments { key.append(argument, item.row) }
      return sets.insert(key.bytes, item.group)
    }
    if fresh.isEmpty { return }
    let flat = arguments.map(\.flat)
    let row = Vector(lists.elementType, count: flat[0].count, children: flat)
    lists.append(row, rows: fresh)
    let selection = Selection(fresh.map(\.row))
    let groups = Selection(fresh.map(\.group))
    do {
      try inner.update(
        flat.map { $0.gathered(selection) }, groups: groups.rows, count: fresh.count,
        context: context)
    } catch let error as RowFailure {
      throw RowFailure(row: fresh[error.row].row, error.failure)
    }
    withExtendedLifetime(groups) {}
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    let partial = states[0].flat
    var rows: [(row: Int, group: Int)] = []
    for row in 0..<count {
      for element in partial.range(row) { rows.append((element, Int(groups[row]))) }
    }
    let arguments = partial.children[0].children
    let context = EvaluationContext(
      Batch(arguments, count: partial.children[0].count), task: task)
    try add(arguments, rows, context)
  }

  func states(_ groups: Selection) -> [Vector] { [lists.vector(stateType, groups)] }

  func results(_ groups: Selection, context: EvaluationContext) throws -> Vector {
    try inner.results(groups, context: context)
  }

  func reset(_ groups: Selection) {
    inner.reset(groups)
    sets.reset(groups)
    lists.reset(groups)
  }

  var memoryBytes: Int { inner.memoryBytes + sets.memoryBytes + lists.memoryBytes }

  /// The same aggregate over distinct rows.
  static func function(
    _ inner: any AggregateFunction, _ arguments: [DataType]
  ) -> any AggregateFunction {
    let fields = arguments.enumerated().map { Field("_\($0 + 1)", $1) }
    let row = DataType.structure(fields)
    return TypedAggregate(
      inner.name, inner.resultType, isNullable: inner.isNullable,
      states: [.array(row, containsNull: false)]
    ) { DistinctAccumulator(inner.makeAccumulator(), row: row) }
  }
}
