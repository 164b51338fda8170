import Columns
import Contract

/// For whom an expression is written.
enum TextStyle {
  /// The name of an output column: names alone, implicit casts left out.
  case name
  /// SQL, as in error messages: strings quoted.
  case sql
  /// `explain`: attributes with their ids.
  case plan
  /// A restart check: as SQL, but nothing that a new plan of the same script would change.
  case fingerprint
}

extension Expression: CustomStringConvertible {
  /// The name that Spark gives a column of this expression.
  public var automaticName: String { text(.name) }

  /// The expression as SQL, for messages.
  public var sqlText: String { text(.sql) }

  /// As `explain` shows it: `(v#3 > 15)`.
  public var description: String { text(.plan) }

  /// The same for the same script, whatever ids a plan was given.
  public var fingerprint: String { text(.fingerprint) }

  private func text(_ style: TextStyle) -> String {
    switch kind {
    case .attribute(let attribute): return Self.text(attribute, style)
    case .literal(let value):
      switch style {
      case .sql: return value.sqlText(type)
      case .fingerprint: return value.sqlText(type, zone: .utc)
      case .name, .plan: return value.plainText(type, quoted: style == .name)
      }
    case .call(let function, let arguments):
      return Self.text(function, arguments, style)
    case .lambda(let parameters, let body):
      // Spark gives every lambda parameter one name in a column's name.
      let anonymous =
        style == .plan
        ? body
        : body.transformed { node in
          guard case .attribute(let attribute) = node.kind, parameters.contains(attribute) else {
            return node
          }
          return .attribute(Attribute("namedlambdavariable()", attribute.type))
        }
      let names = parameters.map {
        style == .plan ? Self.text($0, style) : "namedlambdavariable()"
      }
      return Self.call("lambdafunction", [anonymous.text(style)] + names)
    case .aggregate(let call):
      var rest = call.arguments.map { $0.text(style) }[...]
      // Of keys to sort by only the plan tells which columns they are.
      let written = call.ordering != nil && style == .plan ? nil : call.written
      var arguments = written?.map { $0 ?? rest.popFirst() ?? "" } ?? Array(rest)
      // What a checkpoint keeps must not change when a name learns to show a default.
      if style != .fingerprint, arguments.count == 2, let last = CallNames.lastDefaults[call.name] {
        arguments.append(last)
      }
      let distinct = call.isDistinct ? "DISTINCT " : ""
      let filter = call.filter.map { " FILTER (WHERE \($0.text(style)))" } ?? ""
      let function = call.function as? any UserFunction
      let name = function.map { Self.name(of: $0, style) } ?? call.name
      let ordering = call.ordering.map { " " + $0 } ?? ""
      return "\(name)(\(distinct)\(arguments.joined(separator: ", ")))\(ordering)\(filter)"
    case .generator(let generator, let arguments):
      return Self.call(generator.name, arguments.map { $0.text(style) })
    case .userFunction(let function, let arguments):
      return Self.call(Self.name(of: function, style), arguments.map { $0.text(style) })
    case .window(let call): return Self.text(call, style)
    case .alias(let child, let attribute):
      switch style {
      case .plan: return "\(child.text(style)) AS \(Self.text(attribute, style))"
      case .name, .sql, .fingerprint: return "\(child.text(style)) AS \(attribute.name)"
      }
    }
  }
}

extension Expression {
  /// A function without a name of its own is called by its line, which a restart check leaves out:
  /// lines move.
  private static func name(of function: any UserFunction, _ style: TextStyle) -> String {
    guard style == .fingerprint, let origin = function.origin,
      function.name.hasSuffix(origin.description)
    else { return function.name }
    return "function"
  }

  private static func call(_ name: String, _ arguments: [String]) -> String {
    "\(name)(\(arguments.joined(separator: ", ")))"
  }

  private static func text(_ attribute: Attribute, _ style: TextStyle) -> String {
    switch style {
    case .plan: "\(attribute.name)#\(attribute.id)\(attribute.type == .long ? "L" : "")"
    case .name, .sql, .fingerprint: attribute.name
    }
  }

  private static func text(
    _ function: ScalarFunction, _ arguments: [Expression], _ style: TextStyle
  ) -> String {
    let texts = arguments.map { $0.text(style) }
    let name = function.name.uppercased()
    switch function.notation {
    case .call: return CallNames.text(function.name, texts)
    case .infix:
      let sign = function.name == "div" ? "div" : name
      return "(" + texts.joined(separator: " \(sign) ") + ")"
    case .prefix: return "(\(name) \(texts[0]))"
    case .postfix: return "(\(texts[0]) \(name))"
    case .implicitCast(let type):
      return style == .name ? texts[0] : "\(name)(\(texts[0]) AS \(type))"
    case .custom(let write): return write(texts)
    }
  }

  private static func text(_ window: WindowCall, _ style: TextStyle) -> String {
    let name: String
    switch window.function {
    case .aggregate(let function): name = window.name ?? function.name
    case .rowNumber: name = "row_number"
    case .rank: name = "RANK"
    case .denseRank: name = "DENSE_RANK"
    case .percentRank: name = "PERCENT_RANK"
    case .cumulativeDistribution: name = "cume_dist"
    case .ntile: name = "ntile"
    case .lag: name = "lag"
    case .lead: name = "lead"
    case .firstValue: name = "first_value"
    case .lastValue: name = "last_value"
    case .nthValue: name = "nth_value"
    }
    var parts: [String] = []
    if !window.partition.isEmpty {
      parts.append(
        "PARTITION BY " + window.partition.map { $0.text(style) }.joined(separator: ", "))
    }
    if !window.order.isEmpty {
      let keys = window.order.map { key in
        "\(key.expression.text(style)) \(key.order.text)"
      }
      parts.append("ORDER BY " + keys.joined(separator: ", "))
    }
    switch window.function {
    case .lag, .lead:
      // Spark writes both bounds as rows that follow, also those before.
      if case .offset(let distance, let type) = window.frame.lower {
        let bound = "\(distance.sqlText(type)) FOLLOWING"
        parts.append("ROWS BETWEEN \(bound) AND \(bound)")
      }
    default: parts.append(window.frameText(style))
    }
    var arguments = window.arguments.map { $0.text(style) }
    if name == "count", arguments.isEmpty { arguments = ["1"] }
    let filter = window.filter.map { " FILTER (WHERE \($0.text(style)))" } ?? ""
    if case .nthValue = window.function, window.ignoresNulls {
      return "\(call(name, arguments)) ignore nulls OVER (\(parts.joined(separator: " ")))"
    }
    return "\(call(name, arguments))\(filter) OVER (\(parts.joined(separator: " ")))"
  }
}

extension WindowCall {
  /// `ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`
  fileprivate func frameText(_ style: TextStyle) -> String {
    // Spark casts a distance to the type of the key, and writes a cast one as what follows.
    let key = frame.isRows ? nil : order.first?.expression.type
    let bounds = [(frame.lower, true), (frame.upper, false)].map { bound, isLower in
      if frame.isMade, case .offset(.integer(let distance), .long) = bound {
        return "\(distance) FOLLOWING"
      }
      return bound.text(style, of: key, isLower: isLower)
    }
    return "\(frame.isRows ? "ROWS" : "RANGE") BETWEEN \(bounds[0]) AND \(bounds[1])"
  }
}

extension WindowFrame {
  /// As messages write it.
  var text: String {
    "\(isRows ? "ROWS" : "RANGE") BETWEEN \(lower.text(.sql, of: nil, isLower: true)) AND "
      + upper.text(.sql, of: nil, isLower: false)
  }
}

extension WindowFrame.Bound {
  fileprivate func text(_ style: TextStyle, of key: DataType?, isLower: Bool) -> String {
    func written(_ value: Scalar, _ type: DataType) -> String {
      style == .name || type == .int
        ? value.plainText(type, quoted: true) : value.sqlText(type)
    }
    switch self {
    case .unboundedPreceding: return "UNBOUNDED PRECEDING"
    case .currentRow: return "CURRENT ROW"
    case .unboundedFollowing: return "UNBOUNDED FOLLOWING"
    case .offset(.integer(0), .int) where isLower && key == nil: return "0 PRECEDING"
    case .offset(let value, let type):
      guard let opposite = value.opposite else { return "\(written(value, type)) FOLLOWING" }
      if let key, key.isNumeric, key != type { return "(- \(written(opposite, type))) FOLLOWING" }
      return "\(written(opposite, type)) PRECEDING"
    }
  }
}

extension Scalar {
  /// Of a number below zero the number above it.
  fileprivate var opposite: Scalar? {
    switch self {
    case .integer(let value) where value < 0: .integer(0 &- value)
    case .double(let value) where value < 0: .double(-value)
    case .decimal(let value) where value < 0: .decimal(-value)
    default: nil
    }
  }
}

extension SortOrder {
  /// `ASC NULLS FIRST`
  public var text: String {
    "\(isAscending ? "ASC" : "DESC") NULLS \(nullsFirst ? "FIRST" : "LAST")"
  }
}

extension Expression {
  /// What lies below the casts on top.
  var withoutCasts: Expression {
    if case .call(let function, let arguments) = kind, function.isCast {
      return arguments[0].withoutCasts
    }
    return self
  }
}

extension ScalarFunction {
  /// Whether this is CAST or TRY_CAST.
  var isCast: Bool { name == "cast" || name == "try_cast" }
}
