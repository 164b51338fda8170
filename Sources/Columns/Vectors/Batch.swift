/// Some rows of a table: columns of equal length, seen through a selection where a filter left one.
public struct Batch: Sendable {
  /// The columns as they lie in memory; rows of them are seen through `selection`.
  public let columns: [Vector]
  /// Which rows are seen, in order; nil: all.
  public let selection: Selection?
  /// Rows that are seen.
  public let count: Int

  /// Columns of `count` rows each, all seen.
  public init(_ columns: [Vector], count: Int) {
    assert(columns.allSatisfy { $0.count == count }, "columns of unequal length")
    self.columns = columns
    self.count = count
    selection = nil
  }

  private init(_ columns: [Vector], selection: Selection) {
    self.columns = columns
    self.selection = selection
    count = selection.count
  }

  /// The rows of this batch that a selection over its seen rows keeps. Copies no column.
  public func selecting(_ rows: Selection) -> Batch {
    Batch(columns, selection: selection.map { rows.through($0) } ?? rows)
  }

  /// One column's seen rows.
  public func column(_ index: Int) -> Vector {
    selection.map { columns[index].gathered($0) } ?? columns[index]
  }

  /// The same rows with no selection.
  public var dense: Batch {
    guard let selection else { return self }
    return Batch(columns.map { $0.gathered(selection) }, count: count)
  }

  /// The same rows with some of the columns, in the order asked for.
  public func choosing(_ indices: [Int]) -> Batch {
    let chosen = indices.map { columns[$0] }
    return selection.map { Batch(chosen, selection: $0) } ?? Batch(chosen, count: count)
  }

  /// Some consecutive rows.
  public func sliced(_ range: Range<Int>) -> Batch {
    range == 0..<count ? self : selecting(.range(range))
  }

  /// The rows of several batches, one after the other.
  public static func concatenated(_ batches: [Batch], types: [DataType]) -> Batch {
    if batches.count == 1 { return batches[0].dense }
    let columns = types.indices.map { index in
      Vector.concatenated(batches.map { $0.column(index) }, type: types[index])
    }
    return Batch(columns, count: batches.reduce(0) { $0 + $1.count })
  }
}

/// Batches of one partition, pulled one after the other by one thread at a time.
public protocol BatchStream: AnyObject {
  /// The next rows, or nil at the end. Empty batches are allowed.
  func next() throws -> Batch?
}

/// Batches that are there already.
public final class BatchList: BatchStream {
  private var rest: ArraySlice<Batch>

  public init(_ batches: [Batch]) { rest = batches[...] }

  public func next() -> Batch? { rest.popFirst() }
}
