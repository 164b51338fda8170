import Columns
import Contract

/// COUNT: rows in which no argument is NULL; with no argument, or a literal, all rows.
/// COUNT_IF: rows in which the one argument is true.
final class CountAccumulator: Accumulator {
  private let onlyTrue: Bool
  private var counts = GroupArray<Int64>(empty: 0)

  init(onlyTrue: Bool = false) { self.onlyTrue = onlyTrue }

  func grow(to groupCount: Int) { counts.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let counts = counts.pointer
    if onlyTrue { return addTrue(arguments[0], to: counts, groups: groups, count: count) }
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

  private func addTrue(
    _ condition: Vector, to counts: UnsafeMutablePointer<Int64>, groups: UnsafePointer<UInt32>,
    count: Int
  ) {
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

  static func function(_ name: String = "count", onlyTrue: Bool = false) -> TypedAggregate {
    TypedAggregate(name, .long, isNullable: false, states: [.long]) {
      CountAccumulator(onlyTrue: onlyTrue)
    }
  }
}
