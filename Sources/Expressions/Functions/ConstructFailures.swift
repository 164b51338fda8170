import Columns
import Contract

/// The failures that a call of a function meets while it is bound.
extension FunctionCall {
  /// Spark's `WRONG_NUM_ARGS.WITHOUT_SUGGESTION`; `expected` reads as "2" or "1 or 2".
  public func wrongCount(expected: String) -> Failure {
    Failure(
      "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
      "`\(name)` takes \(expected) argument\(expected == "1" ? "" : "s"), "
        + "but \(arguments.count) \(arguments.count == 1 ? "was" : "were") given",
      origin: origin)
  }

  /// Checks how many arguments were given.
  public func requireCount(_ allowed: ClosedRange<Int>) throws {
    if allowed.contains(arguments.count) { return }
    let (low, high) = (allowed.lowerBound, allowed.upperBound)
    let expected =
      high == Int.max
      ? "at least \(low)"
      : low == high ? "\(low)" : (low...high).map(String.init).joined(separator: " or ")
    throw wrongCount(expected: expected)
  }

  /// Spark's `DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE` for argument `index` (from 0).
  public func unexpectedType(_ index: Int, expected: String) -> Failure {
    let argument = arguments[index]
    return Failure(
      "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
      "the \(Self.ordinal(index)) argument of `\(name)` must be \(expected), but "
        + "`\(argument.sqlText)` has the type \"\(argument.type)\"",
      origin: argument.origin ?? origin)
  }

  /// Why argument `index` is not taken: values without an order have a class of their own.
  func refusal(_ index: Int, accepts: AcceptedType) -> Failure {
    switch (accepts, arguments[index].type) {
    case (.orderable, _), (.arrayOf(.orderable), .array):
      Failure(
        "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
        "`\(name)` puts values in order, and values of the type \"\(arguments[index].type)\" have "
          + "none", origin: arguments[index].origin ?? origin)
    default: unexpectedType(index, expected: accepts.text)
    }
  }

  /// Spark's `DATATYPE_MISMATCH.DATA_DIFF_TYPES`: no common type for arguments that need one.
  public func differentTypes(
    _ arguments: [Expression], _ condition: String = "DATA_DIFF_TYPES"
  ) -> Failure {
    Failure(
      "DATATYPE_MISMATCH.\(condition)",
      "the arguments of `\(name)` must be of one type, but they are "
        + arguments.map { "\"\($0.type)\"" }.joined(separator: ", "),
      origin: origin)
  }

  /// Spark's `DATATYPE_MISMATCH.INVALID_ORDERING_TYPE`: values of the type have no order.
  public func notOrderable(_ type: DataType) -> Failure {
    Failure(
      "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
      "`\(name)` does not support values of the type \"\(type)\"", origin: origin)
  }

  /// Spark's `DATATYPE_MISMATCH.NON_FOLDABLE_INPUT`: an argument that must be a constant.
  public func notConstant(_ index: Int) -> Failure {
    Failure(
      "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
      "the \(Self.ordinal(index)) argument of `\(name)` must be a constant, not "
        + "`\(arguments[index].sqlText)`",
      origin: arguments[index].origin ?? origin)
  }

  /// The value of an argument that must be a literal (or a cast or other constant fold of one).
  public func constant(_ index: Int) throws -> Scalar {
    guard case .literal(let value) = fold(arguments[index]).kind else { throw notConstant(index) }
    return value
  }

  private static func ordinal(_ index: Int) -> String {
    let words = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
    return index < words.count ? words[index] : "\(index + 1)th"
  }
}

/// No function of that name: Spark's `UNRESOLVED_ROUTINE`, with the nearest names.
public func unresolvedRoutine(_ name: String, among names: [String], origin: Origin?) -> Failure {
  Failure(
    "UNRESOLVED_ROUTINE", "there is no function `\(name)`",
    hint: Suggestion.sentence(for: name, among: names), origin: origin)
}
