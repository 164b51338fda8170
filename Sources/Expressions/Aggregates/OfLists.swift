import Columns
import Contract

/// An aggregate that needs all values of a group at once: it keeps them, and `finish` makes one
/// result of them. For `percentile`, `mode`, `listagg` and their kin.
final class ListFinishAccumulator: Accumulator {
  /// Appends exactly one value to the builder, made of the values of a group that are not NULL.
  typealias Finish = @Sendable (Vector, VectorBuilder) throws -> Void

  private var lists: GroupLists
  private let stateType: DataType
  private let resultType: DataType
  /// The argument whose NULL leaves a row out.
  private let required: Int
  private let finish: Finish

  init(
    _ element: DataType, _ resultType: DataType, required: Int, _ finish: @escaping Finish
  ) {
    self.required = required
    lists = GroupLists(element)
    stateType = .array(element, containsNull: true)
    self.resultType = resultType
    self.finish = finish
  }

  func grow(to groupCount: Int) { lists.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    var rows: [(row: Int, group: Int)] = []
    let decisive = arguments[required]
    for row in 0..<count where !decisive.isNull(row) { rows.append((row, Int(groups[row]))) }
    if arguments.count == 1 { return lists.append(arguments[0], rows: rows) }
    let flat = arguments.map(\.flat)
    lists.append(Vector(lists.elementType, count: count, children: flat), rows: rows)
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    lists.append(lists: states[0], groups: groups, count: count)
  }

  func states(_ groups: Selection) -> [Vector] { [lists.vector(stateType, groups)] }

  func results(_ groups: Selection, context: EvaluationContext) throws -> Vector {
    let builder = VectorBuilder(resultType, capacity: groups.count)
    for index in 0..<groups.count {
      try finish(lists.elements(Int(groups.rows[index])), builder)
    }
    return builder.finish()
  }

  func reset(_ groups: Selection) { lists.reset(groups) }

  var memoryBytes: Int { lists.memoryBytes }

  static func function(
    _ name: String, _ element: DataType, _ resultType: DataType, isNullable: Bool = true,
    required: Int = 0, _ finish: @escaping Finish
  ) -> TypedAggregate {
    TypedAggregate(
      name, resultType, isNullable: isNullable, states: [.array(element, containsNull: true)]
    ) { ListFinishAccumulator(element, resultType, required: required, finish) }
  }
}
