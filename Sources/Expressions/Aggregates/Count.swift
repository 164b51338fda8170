import Columns
import Contract

/// COUNT: rows in which no argument is NULL. With no argument, or a literal, all rows.
final class CountAccumulator: Accumulator {
  private var counts = GroupArray<Int64>(empty: 0)

  func grow(to groupCount: Int) { counts.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let counts = counts.pointer
    let nullable = arguments.filter { $0.nullCount > 0 }
    switch nullable.count {
    case 0: for row in 0..<count { counts[Int(groups[row])] &+= 1 }
    case 1: nullable[0].forEachValid(count) { counts[Int(groups[$0])] &+= 1 }
    default:
      for row in 0..<count where nullable.allSatisfy({ !$0.isNull(row) }) {
        counts[Int(groups[row])] &+= 1
      }
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let counts = counts.pointer
    let (partial, stride) = (states[0].typed(Int64.self), states[0].stride)
    for row in 0..<count { counts[Int(groups[row])] &+= partial[row &* stride] }
  }

  func states(_ groups: Selection) -> [Vector] { [counts.vector(.long, groups)] }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    counts.vector(.long, groups)
  }

  func reset(_ groups: Selection) { counts.reset(groups) }

  var memoryBytes: Int { counts.memoryBytes }

  static func function(_ name: String = "count") -> TypedAggregate {
    TypedAggregate(name, .long, isNullable: false, states: [.long]) { CountAccumulator() }
  }
}

/// COUNT_IF: rows in which a condition is true.
final class CountIfAccumulator: Accumulator {
  private var counts = GroupArray<Int64>(empty: 0)

  func grow(to groupCount: Int) { counts.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let counts = counts.pointer
    let condition = arguments[0]
    if condition.type == .null { return }
    condition.forEachValid(count) { row in
      counts[Int(groups[row])] &+= condition.boolean(row) ? 1 : 0
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let counts = counts.pointer
    let (partial, stride) = (states[0].typed(Int64.self), states[0].stride)
    for row in 0..<count { counts[Int(groups[row])] &+= partial[row &* stride] }
  }

  func states(_ groups: Selection) -> [Vector] { [counts.vector(.long, groups)] }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    counts.vector(.long, groups)
  }

  func reset(_ groups: Selection) { counts.reset(groups) }

  var memoryBytes: Int { counts.memoryBytes }

  static func function() -> TypedAggregate {
    TypedAggregate("count_if", .long, isNullable: false, states: [.long]) { CountIfAccumulator() }
  }
}
