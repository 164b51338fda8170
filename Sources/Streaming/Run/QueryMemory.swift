import Contract
import Operators

/// What one query's operators hold, for the error of a process that holds too much.
struct QueryMemory {
  let title: String
  let operators: StatefulOperators

  /// After a batch: what others are told who pass the limit.
  func note(_ metrics: BatchMetrics) {
    let counts = metrics.state
    let holders = operators.all.compactMap { one in
      counts[one.operatorId].map {
        MemoryWatch.Holder(Self.name(one), bytes: Int($0.memoryBytes))
      }
    }
    MemoryWatch.shared.note(holders, of: title)
  }

  /// The query has ended.
  func forget() { MemoryWatch.shared.note([], of: title) }

  /// This query's own failure says what its operators hold at this moment.
  func explained(_ failure: Failure) -> Failure {
    guard failure.condition == MemoryWatch.condition else { return failure }
    var copy = failure
    copy.details.removeAll { $0.contains(" of \(title), after its last batch") }
    copy.details.insert(
      contentsOf: MemoryWatch.lines(
        operators.all.map {
          MemoryWatch.Holder("\(Self.name($0)) of \(title)", bytes: $0.memoryBytes)
        }), at: 0)
    return copy
  }

  private static func name(_ one: any StatefulOperator) -> String {
    "state of the operator `\(one.operatorId)`"
  }
}
