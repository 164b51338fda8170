import Columns
import Contract
import Expressions
import Plan

/// The one place where a row on which an expression or a function raised is dropped, or fails the
/// batch with the row shown.
struct RowGuard: Sendable {
  private let schema: Schema

  init(_ input: [Attribute]) {
    schema = Schema(input.map { Field($0.name, $0.type, isNullable: $0.isNullable) })
  }

  /// Evaluates over the rows of a batch; without those that fail, where a policy takes them. `body`
  /// does nothing but evaluate: it is called again for what fails.
  func run<T>(
    _ batch: Batch, task: TaskContext, firstRow: Int,
    _ body: (Batch, EvaluationContext) throws -> T
  ) throws -> T {
    do {
      return try body(batch, EvaluationContext(batch, task: task, firstRow: firstRow))
    } catch let error as RowFailure {
      guard let badRows = task.badRows else {
        let row = error.row < batch.count ? error.row : 0
        throw located(error.failure, batch, row, task, firstRow: firstRow)
      }
      let (good, bad) = try FailingItems.find(batch.count, error) { some in
        let rows = batch.selecting(Selection(some))
        _ = try body(rows, EvaluationContext(rows, task: task, firstRow: firstRow))
      }
      let rows = batch.selecting(Selection(good))
      let result = try body(rows, EvaluationContext(rows, task: task, firstRow: firstRow))
      for (row, failure) in bad {
        badRows.put(
          BadRow(
            failure.traceback == nil ? .expression : .function, failure, cells(batch, row),
            schema: schema, position: firstRow + row + 1), task: task)
      }
      return result
    }
  }

  /// Tells the collector of the rows that are left out as late.
  func putLate(_ batch: Batch, _ rows: [Int], task: TaskContext, firstRow: Int) {
    guard let badRows = task.badRows, badRows.takesLateRows else { return }
    let failure = Failure("LATE_ROW", "the row's event time is behind the watermark")
    for row in rows {
      badRows.put(
        BadRow(
          .late, failure, cells(batch, row), schema: schema, position: firstRow + row + 1),
        task: task)
    }
  }

  private func cells(_ batch: Batch, _ row: Int) -> [Scalar] {
    let one = batch.sliced(row..<row + 1)
    return one.columns.indices.map { one.column($0).scalar(0) }
  }

  /// The failure with the row and where it came from.
  private func located(
    _ failure: Failure, _ batch: Batch, _ row: Int, _ task: TaskContext, firstRow: Int
  ) -> Failure {
    guard !batch.columns.isEmpty, batch.count > 0 else { return failure }
    var copy = failure
    let values = zip(schema.fields, cells(batch, row)).map { field, value in
      "\(field.name): \(RowText.shown(value, field.type))"
    }
    copy.details.append("row: " + values.joined(separator: ", "))
    copy.details.append("position: row \(firstRow + row + 1) of what this step was given")
    if !task.inputName.isEmpty { copy.details.append("read from: " + task.inputName) }
    return copy
  }
}

/// Finds what fails among many, whatever their number: about as many evaluations as twice the
/// failures, over halves of halves.
enum FailingItems {
  /// `first` is how all of them together fail. `attempt` evaluates some of them, by number.
  static func find(
    _ count: Int, _ first: RowFailure, _ attempt: ([Int]) throws -> Void
  ) throws -> (good: [Int], bad: [(item: Int, failure: Failure)]) {
    var good: [Int] = []
    var bad: [(item: Int, failure: Failure)] = []
    /// These fail together, as said.
    func split(_ items: [Int], _ error: RowFailure) throws {
      let at = error.row < items.count ? error.row : 0
      bad.append((items[at], error.failure))
      let rest = items[..<at] + items[(at + 1)...]
      let middle = rest.index(rest.startIndex, offsetBy: rest.count / 2)
      for half in [Array(rest[..<middle]), Array(rest[middle...])] where !half.isEmpty {
        do {
          try attempt(half)
          good += half
        } catch let error as RowFailure { try split(half, error) }
      }
    }
    try split(Array(0..<count), first)
    return (good.sorted(), bad.sorted { $0.item < $1.item })
  }
}

/// Values as error messages show them.
enum RowText {
  private static let limit = 80

  static func shown(_ value: Scalar, _ type: DataType) -> String {
    let text = value.sqlText(type)
    return text.count > limit ? text.prefix(limit) + "…" : text
  }
}
