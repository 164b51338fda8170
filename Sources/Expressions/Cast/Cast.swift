import Columns
import Contract

/// Casts a whole column.
typealias VectorCast = @Sendable (Vector, EvaluationContext) throws -> Vector

/// How one type is cast to another.
struct CastRule {
  /// Whether some value makes it raise (under `try_cast`: gives NULL).
  let canFail: Bool
  let kernel: VectorCast

  init(canFail: Bool = false, _ kernel: @escaping VectorCast) {
    self.canFail = canFail
    self.kernel = kernel
  }
}

extension Expression {
  /// This expression cast to a type because the user asked for it.
  public func cast(to target: DataType, isTry: Bool = false) throws -> Expression {
    guard let rule = castRule(from: type, to: target, isTry: isTry) else {
      throw castForbidden(to: target, isTry: isTry)
    }
    let name = isTry ? "TRY_CAST" : "CAST"
    // Spark's column names do not show a cast to a nested type.
    return cast(
      to: target, rule, isTry: isTry,
      target.isNested ? .implicitCast(target) : .custom { "\(name)(\($0[0]) AS \(target))" })
  }

  /// Spark's classes tell the casts that have another way, or had one before ANSI.
  private func castForbidden(to target: DataType, isTry: Bool) -> Failure {
    var (kind, hint) = ("WITHOUT_SUGGESTION", String?.none)
    switch (type, target) {
    case (.date, _) where target.isNumeric:
      (kind, hint) = ("WITH_FUNC_SUGGESTION", "Use the function `unix_date` instead")
    case (_, .date) where type.isNumeric:
      (kind, hint) = ("WITH_FUNC_SUGGESTION", "Use the function `date_from_unix_date` instead")
    case _ where isTry: break
    case (.boolean, .timestamp), (.timestamp, .boolean), (.date, .boolean):
      kind = "WITH_CONF_SUGGESTION"
    case (_, .binary) where type.isInteger: kind = "WITH_CONF_SUGGESTION"
    default: break
    }
    return Failure(
      "DATATYPE_MISMATCH.CAST_\(kind)",
      "cannot cast `\(sqlText)` from \"\(type)\" to \"\(target)\"", hint: hint, origin: origin)
  }

  /// This expression cast to a type that coercion chose; itself where it is of that type. A
  /// column's automatic name does not show the cast.
  public func implicitlyCast(to target: DataType) -> Expression {
    if type == target { return self }
    if case .literal(.null) = kind { return .literal(.null, target, origin: origin) }
    guard let rule = castRule(from: type, to: target, isTry: false) else {
      // What differs in where NULL may stand is laid out alike.
      if type.hasSameShape(as: target) { return self }
      preconditionFailure("coercion chose a cast from \(type) to \(target), which does not exist")
    }
    return cast(to: target, rule, isTry: false, .implicitCast(target))
  }

  /// As `implicitlyCast`; what the target cannot hold becomes NULL.
  func implicitlyTryCast(to target: DataType) throws -> Expression {
    guard let rule = castRule(from: type, to: target, isTry: true) else {
      throw castForbidden(to: target, isTry: true)
    }
    return cast(to: target, rule, isTry: true, .implicitCast(target))
  }

  private func cast(
    to target: DataType, _ rule: CastRule, isTry: Bool, _ notation: ScalarFunction.Notation
  ) -> Expression {
    if case .literal(let value) = kind, let moment = NamedMoment(value, as: target) {
      let text = sqlText
      let shown: ScalarFunction.Notation =
        if case .custom(let write) = notation {
          .custom { _ in write([text]) }
        } else {
          .custom { _ in text }
        }
      return Expression(
        .call(moment.expression(target, shown), []), target, isNullable: true, origin: origin)
    }
    let kernel = rule.kernel
    let function = ScalarFunction(
      isTry ? "try_cast" : "cast", canFail: rule.canFail && !isTry, notation: notation,
      kernel: .whole { columns, context in try kernel(columns[0], context) })
    return Expression(
      .call(function, [self]), target,
      isNullable: isNullable || (isTry && rule.canFail) || Self.forcesNull(from: type, to: target),
      origin: origin)
  }

  /// The casts whose result Spark's schemas call nullable whatever goes in.
  static func forcesNull(from: DataType, to: DataType) -> Bool {
    switch (from, to) {
    case (.string, .binary): false
    case (.string, _): true
    case (_, .string): false
    case (.timestamp, .byte), (.timestamp, .short), (.timestamp, .int): true
    case (.float, .timestamp), (.double, .timestamp): true
    case (.timestamp, .date): false
    case (_, .date): true
    case (.decimal(let p1, let s1), .decimal(let p2, let s2)): p2 - s2 < p1 - s1 || s2 < s1
    case (_, .decimal): !to.holds(from)
    case (_, _) where to.isInteger: from.isFraction || from.isDecimal
    default: false
    }
  }
}

/// Whether CAST accepts this pair of types.
public func canCast(from: DataType, to: DataType) -> Bool {
  castRule(from: from, to: to, isTry: false) != nil
}

/// The rule for a pair of types, or nil where SQL has none.
func castRule(from: DataType, to: DataType, isTry: Bool) -> CastRule? {
  if from == to { return CastRule { column, _ in column } }
  if from == .null { return CastRule { column, _ in .nulls(to, count: column.count) } }
  if to == .string { return textCast(from: from) }
  if from.isNested || to.isNested { return nestedCast(from: from, to: to, isTry: isTry) }
  switch from {
  case .byte: return integerCast(Int8.self, from: from, to: to, isTry: isTry)
  case .short: return integerCast(Int16.self, from: from, to: to, isTry: isTry)
  case .int: return integerCast(Int32.self, from: from, to: to, isTry: isTry)
  case .long: return integerCast(Int64.self, from: from, to: to, isTry: isTry)
  case .float: return fractionCast(Float.self, from: from, to: to, isTry: isTry)
  case .double: return fractionCast(Double.self, from: from, to: to, isTry: isTry)
  case .boolean: return booleanCast(to: to) ?? booleanToDecimal(to: to, isTry: isTry)
  case .string: return stringCast(to: to, isTry: isTry)
  case .decimal: return decimalCast(from: from, to: to, isTry: isTry)
  case .date, .timestamp, .timestampNtz: return timeCast(from: from, to: to, isTry: isTry)
  case .dayTimeInterval, .yearMonthInterval:
    return intervalCast(from: from, to: to, isTry: isTry)
  default: return nil
  }
}

/// A value that does not fit the type it is cast to.
func castOverflow(_ value: Scalar, from: DataType, to: DataType) -> Failure {
  Failure(
    "CAST_OVERFLOW",
    "the value \(value.sqlText(from)) of the type \"\(from)\" cannot be cast to \"\(to)\" "
      + "due to an overflow",
    hint: "Use `try_cast` to tolerate overflow and return NULL instead")
}

/// A text that is no value of the type it is cast to.
func castInvalidInput(_ text: String, from: DataType, to: DataType) -> Failure {
  Failure(
    "CAST_INVALID_INPUT",
    "the value '\(text)' of the type \"\(from)\" cannot be cast to \"\(to)\" because it is "
      + "malformed",
    hint: "Correct the value, or use `try_cast` to tolerate malformed input and return NULL instead"
  )
}
