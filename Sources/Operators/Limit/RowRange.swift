import Columns
import Expressions

/// The rows in some places of all rows: `limit`, `offset`.
final class RowRangeOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let places: Range<Int>

  init(output: [Attribute], child: any Operator, places: Range<Int>) {
    self.output = output
    self.child = child
    self.places = places
  }

  /// One partition, since places are known only in order; it opens the child's as it comes to them
  /// and no more than it needs.
  func partitions(_ run: BatchRun) throws -> [Partition] {
    if places.isEmpty { return [] }
    let partitions = try child.partitions(run)
    return [
      Partition { [places] task in
        let input = ChainedStream(partitions, task)
        var seen = 0
        return GeneratedStream {
          while seen < places.upperBound, let batch = try input.next() {
            let own = places.clamped(to: seen..<seen + batch.count)
            let begin = seen
            seen += batch.count
            if own.isEmpty { continue }
            return batch.sliced(own.lowerBound - begin..<own.upperBound - begin)
          }
          return nil
        }
      }
    ]
  }
}
