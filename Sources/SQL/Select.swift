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
  var grouping: Grouping?
  var having: UnresolvedExpression?
  var qualify: UnresolvedExpression?
  var order: [UnresolvedExpression] = []

  init(plan: UnresolvedPlan) { self.plan = plan }

  init() {}

  /// The item that a number in GROUP BY stands for, without its alias.
  func ordinal(_ place: Int64, _ origin: Origin?) throws -> UnresolvedExpression {
    guard place >= 1, place <= items.count else {
      throw Failure(
        "GROUP_BY_POS_OUT_OF_RANGE",
        "there is no item number \(place) in the SELECT list, which has \(items.count)",
        origin: origin)
    }
    return items[Int(place) - 1].withoutAlias
  }
}

extension UnresolvedExpression {
  /// A constant as a condition, which HAVING takes of any type.
  var asCondition: UnresolvedExpression {
    guard case .literal = node else { return self }
    return UnresolvedExpression(.cast(self, .boolean, isTry: false), origin: origin)
  }

  /// Whether it is a whole number as GROUP BY and ORDER BY take it for an item's place.
  var isOrdinal: Bool {
    if case .literal(.integer, .int) = node { true } else { false }
  }

  /// The expression that an alias names.
  var withoutAlias: UnresolvedExpression {
    if case .alias(let inner, _) = node { inner } else { self }
  }
}

extension QueryParser {
  /// `SELECT [DISTINCT] items [FROM …] [WHERE …] [GROUP BY …] [HAVING …] [QUALIFY …]`, the FROM
  /// perhaps in front.
  mutating func select(from input: UnresolvedPlan?) throws -> Select {
    try tokens.expect("SELECT")
    var select = Select()
    select.isDistinct = tokens.take("DISTINCT")
    if !select.isDistinct { _ = tokens.take("ALL") }
    repeat {
      if tokens.peek.isWord("FROM"), !select.items.isEmpty {
        throw Failure(
          "TRAILING_COMMA_IN_SELECT", "there is a comma behind the last item of SELECT",
          origin: origin)
      }
      select.items.append(try tokens.namedExpression())
    } while tokens.take(sign: ",")
    if let input {
      select.input = input
      while tokens.take("LATERAL", "VIEW") {
        select.input = try lateralView(over: select.input ?? input)
      }
    } else {
      select.input = tokens.take("FROM") ? try relations() : oneRow()
    }
    if tokens.take("WHERE") {
      let condition = PlanArgument.expression(try tokens.expression())
      select.input = select.input.map { node("filter", [$0], ["condition": condition]) }
    }
    if tokens.take("GROUP", "BY") { select.grouping = try grouping(select) }
    if tokens.take("HAVING") { select.having = try tokens.expression().asCondition }
    if tokens.take("QUALIFY") { select.qualify = try tokens.expression() }
    if tokens.take("WINDOW") { try windows(of: &select) }
    return select
  }

  /// `WINDOW w AS (…), …`: put where the items name them.
  mutating func windows(of select: inout Select) throws {
    var windows: [String: UnresolvedWindow] = [:]
    repeat {
      let name = try tokens.identifier().lowercased()
      try tokens.expect("AS")
      windows[name] = try tokens.window()
    } while tokens.take(sign: ",")
    func placed(_ expression: UnresolvedExpression) -> UnresolvedExpression {
      expression.rewritten { part in
        guard case .over(let call, let window) = part.node,
          let base = window.base, let named = windows[base.lowercased()]
        else { return nil }
        return UnresolvedExpression(.over(call, named), origin: part.origin)
      }
    }
    select.items = select.items.map(placed)
    select.order = select.order.map(placed)
    select.qualify = select.qualify.map(placed)
  }

  /// The plan of a SELECT with its order.
  ///
  /// HAVING and sort keys may speak of the input's columns and of aggregates that are not selected:
  /// they become hidden columns beside the items, and are dropped at the end.
  func finished(_ select: Select) throws -> UnresolvedPlan {
    if let plan = select.plan {
      return select.order.isEmpty ? plan : sorted(plan, by: select.order)
    }
    guard let input = select.input else { preconditionFailure("a SELECT without input") }
    var hidden = HiddenItems(items: select.items)
    let having = select.having.map { hidden.condition($0) }
    let qualify = try select.qualify.map { condition in
      guard condition.hasWindow || select.items.contains(where: \.hasWindow) else {
        throw Failure(
          "QUALIFY_REQUIRES_WINDOW_FUNCTION", "QUALIFY needs a window function in the query",
          hint: "WHERE and HAVING are for conditions without one.", origin: origin)
      }
      return hidden.hide(condition)
    }
    var order: [UnresolvedExpression] = []
    for key in select.order {
      guard case .sort(let expression, let direction) = key.node else { continue }
      let isOutput = select.names(expression) || select.isDistinct || expression.isOrdinal
      order.append(make(.sort(isOutput ? expression : hidden.hide(expression), direction)))
    }
    var plan: UnresolvedPlan
    if let grouping = select.grouping ?? (having == nil ? nil : .plain([])) {
      var arguments = grouping.arguments(self)
      arguments["aggregates"] = expressions(hidden.items)
      arguments["keepKeys"] = .boolean(false)
      plan = node("aggregate", [input], arguments)
    } else {
      plan = node("select", [input], ["columns": expressions(hidden.items)])
    }
    if let having { plan = node("filter", [plan], ["condition": .expression(having)]) }
    if let qualify { plan = node("filter", [plan], ["condition": .expression(qualify)]) }
    if select.isDistinct {
      // What HAVING needed may not tell rows apart.
      plan = dropped(hidden.names, plan)
      hidden.names = []
      plan = node("deduplicate", [plan])
    }
    if !order.isEmpty { plan = sorted(plan, by: order, hiddenCount: hidden.names.count) }
    return dropped(hidden.names, plan)
  }

  /// Sorted, whole numbers among the keys being places among the columns that are not hidden.
  func sorted(
    _ plan: UnresolvedPlan, by order: [UnresolvedExpression], hiddenCount: Int = 0
  ) -> UnresolvedPlan {
    node(
      "sort", [plan],
      ["order": expressions(order), "hiddenCount": .integer(Int64(hiddenCount))])
  }

  private func dropped(_ names: [String], _ plan: UnresolvedPlan) -> UnresolvedPlan {
    if names.isEmpty { return plan }
    return node("drop", [plan], ["names": texts(names), "columns": .list([])])
  }
}

/// The items of a SELECT and, behind them, what its other clauses need computed with them.
private struct HiddenItems {
  var items: [UnresolvedExpression]
  var names: [String] = []

  mutating func hide(_ expression: UnresolvedExpression) -> UnresolvedExpression {
    let name = "__hidden\(names.count)"
    names.append(name)
    items.append(
      UnresolvedExpression(.alias(expression, [name]), origin: expression.origin))
    return UnresolvedExpression(.name([name]), origin: expression.origin)
  }

  /// HAVING's condition. The value that a query in it is searched for is an aggregate, so that this
  /// query comes above the aggregation; any other comes below with the rest.
  mutating func condition(_ having: UnresolvedExpression) -> UnresolvedExpression {
    guard having.searches else { return hide(having) }
    return having.rewritten { part in
      if case .literal = part.node { return part }
      return part.searches || part.isSearch ? nil : hide(part)
    }
  }
}

extension UnresolvedExpression {
  fileprivate var isSearch: Bool {
    if case .subquery(let subquery) = node { subquery.use == .membership } else { false }
  }

  /// Whether `value IN (SELECT …)` is in it.
  fileprivate var searches: Bool { isSearch || node.children.contains { $0.searches } }

  fileprivate var hasWindow: Bool {
    if case .over = node { return true }
    return node.children.contains { $0.hasWindow }
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
  func aliased(_ key: UnresolvedExpression) -> UnresolvedExpression? {
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
