import Columns
import Contract

// How Spark writes a call in a column's name, where that is not `name(arguments)` of the call that
// binding made of it.

/// The spellings that are not the function's own.
enum CallNames {
  /// Functions that Spark's names spell in capitals.
  private static let capitals: Set<String> = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh",
    "cot", "csc", "degrees", "e", "exp", "expm1", "floor", "hypot", "log", "log10", "log1p",
    "log2", "pi", "power", "radians", "regexp", "regexp_like", "rlike", "sec", "signum", "sin",
    "sinh", "spark_partition_id", "sqrt", "tan", "tanh",
  ]

  /// Functions that become something else when bound (a cast, a constant, arguments added), but
  /// are named by the call as it was written.
  private static let asWritten: Set<String> = [
    "bround", "btrim", "ceil", "ceiling", "convert_timezone", "current_catalog",
    "current_database", "current_schema", "current_timezone", "current_user", "decode", "e",
    "floor",
    "format_string",
    "instr", "levenshtein", "negative", "nullifzero", "pi", "pmod", "printf", "round",
    "schema_of_csv", "schema_of_json", "session_user",
    "to_binary", "to_char", "to_date", "to_timestamp", "to_timestamp_ltz", "to_timestamp_ntz",
    "to_unix_timestamp", "to_varchar", "try_add", "try_divide", "try_mod", "try_multiply",
    "try_subtract", "try_to_binary", "try_to_date", "try_to_timestamp", "typeof", "uniform",
    "unix_timestamp", "user", "version",
    "zeroifnull",
  ]

  /// Functions of which only the first arguments are shown.
  private static let shortened: [String: Int] = [
    "from_csv": 1, "from_json": 1, "ilike": 2, "schema_of_csv": 1,
    "schema_of_json": 1, "to_csv": 1, "to_json": 1, "try_make_timestamp": 6,
  ]

  /// Other names that Spark shows under the first.
  static let canonical: [String: String] = [
    "array_agg": "collect_list", "curdate": "current_date", "current_database": "current_schema",
    "dateadd": "date_add", "random": "rand", "to_varchar": "to_char",
  ]

  /// `name(arguments)`, in the spelling and with the forms that Spark uses.
  static func text(_ name: String, _ texts: [String]) -> String {
    switch (name, texts.count) {
    case ("extract", 2): return "extract(\(texts[0]) FROM \(texts[1]))"
    case ("datepart", 2): return "datepart(\(texts[0]) FROM \(texts[1]))"
    case ("sentences", 1...2):
      return call(name, texts + Array(repeating: "", count: 3 - texts.count))
    case ("ceil", 2), ("floor", 2): return call(name, texts)
    case ("instr", 3): return call(name, texts + ["1"])
    case ("round", 1), ("bround", 1): return call(name, [texts[0], "0"])
    case ("unix_timestamp", 0): return "unix_timestamp(current_timestamp(), yyyy-MM-dd HH:mm:ss)"
    case ("log", 1): return "LOG(E(), \(texts[0]))"
    case ("unix_timestamp", 1), ("to_unix_timestamp", 1):
      return call(name, texts + ["yyyy-MM-dd HH:mm:ss"])
    case ("convert_timezone", 2): return call(name, ["current_timezone()"] + texts)
    case ("assert_true", 1): return "assert_true(\(texts[0]), '\(texts[0])' is not true!)"
    case ("trim", 2), ("ltrim", 2), ("rtrim", 2):
      if texts[1] == " " || texts[1] == "' '" { return call(name, [texts[0]]) }
      let side = name == "trim" ? "BOTH" : name == "ltrim" ? "LEADING" : "TRAILING"
      return "TRIM(\(side) \(texts[1]) FROM \(texts[0]))"
    case ("aggregate", 3), ("reduce", 3):
      let variable = "namedlambdavariable()"
      return call(name, texts + ["lambdafunction(\(variable), \(variable))"])
    case ("array_sort", 1): return call(name, texts + [naturalOrder])
    default:
      let shown = shortened[name].map { Array(texts.prefix($0)) } ?? texts
      let spelt = capitals.contains(name) ? name.uppercased() : canonical[name] ?? name
      return call(spelt, shown)
    }
  }

  static func isAsWritten(_ name: String) -> Bool {
    asWritten.contains(name) || shortened[name] != nil
  }

  static func call(_ name: String, _ arguments: [String]) -> String {
    "\(name)(\(arguments.joined(separator: ", ")))"
  }

  /// The third argument of aggregates that are called with two, which their names show.
  static let lastDefaults = [
    "percentile": "1", "approx_percentile": "10000", "percentile_approx": "10000",
  ]

  /// What `array_sort` compares with when nothing is said.
  private static let naturalOrder: String = {
    let v = "namedlambdavariable()"
    return "lambdafunction((IF(((\(v) IS NULL) AND (\(v) IS NULL)), 0, (IF((\(v) IS NULL), 1, "
      + "(IF((\(v) IS NULL), -1, (IF((\(v) < \(v)), -1, (IF((\(v) > \(v)), 1, 0)))))))))), "
      + "\(v), \(v))"
  }()
}

extension Expression {
  /// This call with the constant arguments that binding took out of it (a field's name, a unit, a
  /// percentage) back in its text: they tell it from other calls. An aggregate gets back the name
  /// it was called by.
  func writingOut(_ written: [Expression], name: String) -> Expression {
    let called = name.lowercased()
    let isAsWritten = CallNames.isAsWritten(called)
    if called == "from_json", case .map = type { return named("entries") }
    switch kind {
    case .call(let function, let bound):
      if isAsWritten, !written.contains(where: { $0 === self }) {
        return renamed(function, bound, called, written, keepsRest: false)
      }
      if isAsWritten { return wrapped(called, written) }
      guard bound.count < written.count, case .call = function.notation else { return self }
      return renamed(function, bound, function.name, written, keepsRest: true)
    case .aggregate(let call):
      let made = AggregateCall(
        call.function, call.arguments, isDistinct: call.isDistinct, filter: call.filter,
        name: call.isDistinct ? call.function.name : CallNames.canonical[called] ?? called,
        written: call.arguments.count < written.count
          ? Self.template(written, call.arguments) : nil)
      return Expression(.aggregate(made), type, isNullable: isNullable, origin: origin)
    case .literal, .attribute: return isAsWritten ? wrapped(called, written) : self
    default: return self
    }
  }

  private func renamed(
    _ function: ScalarFunction, _ bound: [Expression], _ name: String, _ written: [Expression],
    keepsRest: Bool
  ) -> Expression {
    let template = Self.template(written, bound)
    let notation = ScalarFunction.Notation.custom { texts in
      var rest = texts[...]
      let parts = template.map { $0 ?? rest.popFirst() ?? "" }
      return CallNames.text(name, keepsRest ? parts + rest : parts)
    }
    let renamed = ScalarFunction(
      function.name, isDeterministic: function.isDeterministic, canFail: function.canFail,
      notation: notation, kernel: function.kernel)
    return Expression(.call(renamed, bound), type, isNullable: isNullable, origin: origin)
  }

  /// A constant or a column under the name of the call that gave it.
  private func wrapped(_ name: String, _ written: [Expression]) -> Expression {
    named(CallNames.text(name, written.map(\.automaticName)))
  }

  private func named(_ text: String) -> Expression {
    let function = ScalarFunction(
      "named", notation: .custom { _ in text }, kernel: .whole { columns, _ in columns[0] })
    return Expression(.call(function, [self]), type, isNullable: isNullable, origin: origin)
  }

  private var isNullLiteral: Bool {
    if case .literal(.null) = kind { true } else { false }
  }

  /// For each argument as written: nil where the next bound one stands for it, else its text.
  private static func template(_ written: [Expression], _ bound: [Expression]) -> [String?] {
    var rest = bound[...]
    return written.map { argument in
      guard let next = rest.first,
        next.withoutCasts === argument.withoutCasts
          || (next.isNullLiteral && argument.isNullLiteral)
      else {
        return argument.automaticName
      }
      rest = rest.dropFirst()
      return nil
    }
  }
}
