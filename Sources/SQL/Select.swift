import Columns
import Contract
import Expressions
import Plan

/// One SELECT, not yet a plan: what follows it (ORDER BY) may name columns that it does not give.
struct Select {
  /// Set: the plan is done, and only its own columns can be sorted by.
  var plan: UnresolvedPlan?
  var input: UnresolvedPlan?
  var items: [UnresolvedExpression] = []
  var isDistinct = false
  /// nil: no GROUP BY.
  var grouping: (kind: String, keys: [UnresolvedExpression])?
  var having: UnresolvedExpression?
  var order: [UnresolvedExpression] = []

  init(plan: UnresolvedPlan) { self.plan = plan }

  init() {}

  /// `ORDER BY 2` is the second item.
  func orderKey(_ key: UnresolvedExpression) throws -> UnresolvedExpression {
    guard case .sort(let expression, let order) = key.node,
      case .literal(.integer(let place), _) = expression.node
    else { return key }
    let item = try ordinal(place, "ORDER_BY_POS_OUT_OF_RANGE", key.origin)
    return UnresolvedExpression(.sort(item, order), origin: key.origin)
  }

  /// The item that a number in GROUP BY or ORDER BY stands for, without its alias.
  func ordinal(_ place: Int64, _ condition: String, _ origin: Origin?) throws
    -> UnresolvedExpression
  {
    guard place >= 1, place <= items.count else {
      throw Failure(
        condition, "there is no item number \(place) in the SELECT list, which has \(items.count)",
        origin: origin)
    }
    return items[Int(place) - 1].withoutAlias
  }
}

extension UnresolvedExpression {
  /// The expression that an alias names.
  var withoutAlias: UnresolvedExpression {
    if case .alias(let inner, _) = node { inner } else { self }
  }
}

extension QueryParser {
  /// `SELECT [DISTINCT] items [FROM …] [WHERE …] [GROUP BY …] [HAVING …]`
  mutating func select() throws -> Select {
    try tokens.expect("SELECT")
    var select = Select()
    select.isDistinct = tokens.take("DISTINCT")
    if !select.isDistinct { _ = tokens.take("ALL") }
    repeat { select.items.append(try tokens.namedExpression()) } while tokens.take(sign: ",")
    select.input = tokens.take("FROM") ? try relations() : oneRow()
    if tokens.take("WHERE") {
      let condition = PlanArgument.expression(try tokens.expression())
      select.input = select.input.map { node("filter", [$0], ["condition": condition]) }
    }
    if tokens.take("GROUP", "BY") { select.grouping = try grouping(select) }
    if tokens.take("HAVING") { select.having = try tokens.expression() }
    return select
  }

  private mutating func grouping(
    _ select: Select
  ) throws -> (kind: String, keys: [UnresolvedExpression]) {
    for (word, kind) in [("ROLLUP", "rollup"), ("CUBE", "cube")] {
      if tokens.peek.isWord(word), tokens.peek(1).isSign("(") {
        tokens.position += 2
        let keys = try keyList(select)
        try tokens.expect(sign: ")")
        return (kind, keys)
      }
    }
    if tokens.peek.isWord("GROUPING"), tokens.peek(1).isWord("SETS") {
      throw Failure(
        "UNSUPPORTED_FEATURE.GROUPING_SETS", "GROUPING SETS is not supported",
        hint: "Use ROLLUP or CUBE, or a UNION ALL of the groupings.", origin: origin)
    }
    let keys = try keyList(select)
    if tokens.take("WITH", "ROLLUP") { return ("rollup", keys) }
    if tokens.take("WITH", "CUBE") { return ("cube", keys) }
    return ("groupBy", keys)
  }

  private mutating func keyList(_ select: Select) throws -> [UnresolvedExpression] {
    var keys: [UnresolvedExpression] = []
    repeat {
      let key = try tokens.expression()
      if case .literal(.integer(let place), _) = key.node {
        keys.append(try select.ordinal(place, "GROUP_BY_POS_OUT_OF_RANGE", key.origin))
      } else {
        keys.append(select.aliased(key) ?? key)
      }
    } while tokens.take(sign: ",")
    return keys
  }

  /// The plan of a SELECT with its order.
  ///
  /// HAVING and sort keys may speak of the input's columns and of aggregates that are not selected:
  /// they become hidden columns beside the items, and are dropped at the end.
  func finished(_ select: Select) -> UnresolvedPlan {
    if let plan = select.plan {
      return select.order.isEmpty
        ? plan : node("sort", [plan], ["order": expressions(select.order)])
    }
    guard let input = select.input else { preconditionFailure("a SELECT without input") }
    var hidden: [String] = []
    var items = select.items
    func hide(_ expression: UnresolvedExpression) -> UnresolvedExpression {
      let name = "__hidden\(hidden.count)"
      hidden.append(name)
      items.append(make(.alias(expression, [name])))
      return make(.name([name]))
    }
    let having = select.having.map(hide)
    var order: [UnresolvedExpression] = []
    for key in select.order {
      guard case .sort(let expression, let direction) = key.node else { continue }
      let isOutput = select.names(expression) || select.isDistinct
      order.append(make(.sort(isOutput ? expression : hide(expression), direction)))
    }
    var plan: UnresolvedPlan
    if let grouping = select.grouping {
      plan = node(
        "aggregate", [input],
        [
          "grouping": .text(grouping.kind), "keys": expressions(grouping.keys),
          "aggregates": expressions(items), "keepKeys": .boolean(false),
        ])
    } else if having != nil {
      plan = node(
        "aggregate", [input],
        [
          "grouping": .text("groupBy"), "keys": .list([]), "aggregates": expressions(items),
          "keepKeys": .boolean(false),
        ])
    } else {
      plan = node("select", [input], ["columns": expressions(items)])
    }
    if let having { plan = node("filter", [plan], ["condition": .expression(having)]) }
    if select.isDistinct { plan = node("deduplicate", [plan]) }
    if !order.isEmpty { plan = node("sort", [plan], ["order": expressions(order)]) }
    if !hidden.isEmpty {
      plan = node("drop", [plan], ["names": texts(hidden), "columns": .list([])])
    }
    return plan
  }
}

extension Select {
  /// Whether an expression is the name of an item.
  fileprivate func names(_ expression: UnresolvedExpression) -> Bool {
    guard case .name(let parts) = expression.node, parts.count == 1 else { return false }
    return items.contains { item in
      switch item.node {
      case .alias(_, let names): names.contains { $0.lowercased() == parts[0].lowercased() }
      case .name(let own): own.last?.lowercased() == parts[0].lowercased()
      default: false
      }
    }
  }

  /// `GROUP BY alias`: the expression that the alias names, unless it is a column's own name.
  fileprivate func aliased(_ key: UnresolvedExpression) -> UnresolvedExpression? {
    guard case .name(let parts) = key.node, parts.count == 1 else { return nil }
    for item in items {
      if case .alias(let inner, let names) = item.node, names.count == 1,
        names[0].lowercased() == parts[0].lowercased(), !inner.mentions(parts[0])
      {
        return inner
      }
    }
    return nil
  }
}

extension UnresolvedExpression {
  /// Whether a name stands somewhere in the expression: then GROUP BY means the column, not the
  /// alias.
  fileprivate func mentions(_ name: String) -> Bool {
    if case .name(let parts) = node, parts.last?.lowercased() == name.lowercased() { return true }
    return node.children.contains { $0.mentions(name) }
  }
}
