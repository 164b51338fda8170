import Columns
import Contract
import Expressions
import Plan

/// PIVOT and UNPIVOT: rows to columns and back.
extension QueryParser {
  /// The relation turned, or nil where neither word is next.
  mutating func turned(_ plan: UnresolvedPlan) throws -> UnresolvedPlan? {
    if tokens.peek.isWord("PIVOT"), tokens.peek(1).isSign("(") { return try pivot(plan) }
    guard tokens.peek.isWord("UNPIVOT") else { return nil }
    return try unpivot(plan)
  }

  /// `PIVOT (sum(v) AS s, … FOR column IN (1 AS one, 2))`
  private mutating func pivot(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    tokens.position += 2
    var aggregates: [UnresolvedExpression] = []
    repeat { aggregates.append(try tokens.namedExpression()) } while tokens.take(sign: ",")
    try tokens.expect("FOR")
    let columns = try columnList()
    try tokens.expect("IN")
    try tokens.expect(sign: "(")
    var values: [UnresolvedExpression] = []
    repeat { values.append(try tokens.namedExpression()) } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    try tokens.expect(sign: ")")
    return node(
      "pivot", [plan],
      [
        "aggregates": expressions(aggregates), "columns": expressions(columns),
        "values": expressions(values),
      ])
  }

  /// `a` or `(a, b)`
  private mutating func columnList() throws -> [UnresolvedExpression] {
    guard tokens.peek.isSign("(") else { return [make(.name([try tokens.identifier()]))] }
    return try columnNames().map { make(.name([$0])) }
  }

  /// `UNPIVOT [INCLUDE NULLS] (value FOR name IN (a AS x, b))`, or with several values:
  /// `((v, w) FOR name IN ((a, b) AS x, …))`
  private mutating func unpivot(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    tokens.advance()
    let includesNulls = tokens.take("INCLUDE", "NULLS")
    if !includesNulls { _ = tokens.take("EXCLUDE", "NULLS") }
    try tokens.expect(sign: "(")
    let values = tokens.peek.isSign("(") ? try columnNames() : [try tokens.identifier()]
    try tokens.expect("FOR")
    let name = try tokens.identifier()
    try tokens.expect("IN")
    try tokens.expect(sign: "(")
    var groups: [PlanArgument] = []
    var labels: [PlanArgument] = []
    repeat {
      var columns: [UnresolvedExpression] = []
      if tokens.take(sign: "(") {
        repeat { columns.append(try qualifiedName()) } while tokens.take(sign: ",")
        try tokens.expect(sign: ")")
      } else {
        columns = [try qualifiedName()]
      }
      guard columns.count == values.count else {
        throw Failure(
          "UNPIVOT_VALUE_SIZE_MISMATCH",
          "UNPIVOT takes \(columns.count) columns together, but has \(values.count) value columns",
          origin: origin)
      }
      groups.append(expressions(columns))
      if tokens.take("AS") || tokens.peek.kind == .word || tokens.peek.isQuoted {
        labels.append(.text(try tokens.identifier()))
      } else {
        let names = columns.map { column -> String in
          guard case .name(let parts) = column.node else { return "" }
          return parts[parts.count - 1]
        }
        labels.append(.text(names.joined(separator: "_")))
      }
    } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    try tokens.expect(sign: ")")
    return node(
      "unpivot", [plan],
      [
        "groups": .list(groups), "labels": .list(labels), "names": texts(values),
        "variable": .text(name), "includesNulls": .boolean(includesNulls),
      ])
  }

  private mutating func qualifiedName() throws -> UnresolvedExpression {
    var parts = [try tokens.identifier()]
    while tokens.take(sign: ".") { parts.append(try tokens.identifier()) }
    return make(.name(parts))
  }
}
