import Columns
import Contract
import Expressions
import Plan

/// `filter`.
func buildFilter(_ call: OperatorCall) throws -> any PlanNode {
  let unresolved = call.expression("condition")
  if unresolved.hasSubquery {
    return try filteredBySubqueries(call, unresolved, call.children[0])
  }
  return try withHiddenColumns(call) { resolver, child in
    Filter(try rowCondition(unresolved, resolver, "WHERE"), child, origin: call.origin)
  }
}

/// A filter with queries in its condition. Parts that stay or go by a query alone are semi joins;
/// plain parts come before all.
func filteredBySubqueries(
  _ call: OperatorCall, _ condition: UnresolvedExpression, _ input: AnalyzedPlan
) throws -> any PlanNode {
  let joins = SubqueryJoins(call: call)
  var plan = input
  let output = plan.node.output
  func filter(_ part: UnresolvedExpression) throws {
    let condition = try rowCondition(part, call.analyzer.resolver(plan.scope), "WHERE")
    let node = Filter(condition, plan.node, origin: call.origin)
    plan = AnalyzedPlan(node, columnsOfPlan: plan.columnsOfPlan, made: plan.made)
  }
  for part in condition.conjuncts where !part.hasSubquery { try filter(part) }
  for part in condition.conjuncts where part.hasSubquery {
    if let filtered = try joins.filtered(by: part, plan) {
      plan = filtered
      continue
    }
    let (parts, joined) = try joins.extract([part], from: plan)
    plan = joined
    try filter(parts[0])
  }
  if plan.made.isEmpty { return plan.node }
  return Project(
    output.map { NamedExpression(.attribute($0), as: $0) }, plan.node, origin: call.origin)
}

/// A condition on rows, without what cannot stand in one.
func rowCondition(
  _ written: UnresolvedExpression, _ resolver: ExpressionResolver, _ clause: String
) throws -> Expression {
  let condition = try resolver.forConditions.resolve(written)
  if condition.contains({ if case .generator = $0.kind { true } else { false } }) {
    throw Failure(
      "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
      "a function that makes rows is only possible in `select`: \(condition.sqlText)",
      origin: condition.origin)
  }
  if condition.hasWindow {
    throw Failure(
      "WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
      "a window function cannot stand in \(clause): \(condition.sqlText)",
      hint: "Compute it in a column first, then filter on that column; in SQL, use QUALIFY.",
      origin: condition.origin)
  }
  if condition.hasAggregate {
    throw Failure(
      "INVALID_WHERE_CONDITION",
      "a condition on rows cannot hold an aggregate or window function: \(condition.sqlText)",
      hint: "Compute it in a column first, then filter on that column.", origin: condition.origin)
  }
  guard condition.type == .boolean else {
    throw Failure(
      "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
      "a condition must be \"BOOLEAN\", but `\(condition.sqlText)` has the type "
        + "\"\(condition.type)\"", origin: condition.origin)
  }
  return condition
}

/// Builds a node over the first input; where a column is not found, over the input with the columns
/// that its projection leaves out, which are left out again above.
func withHiddenColumns(
  _ call: OperatorCall, _ build: (ExpressionResolver, any PlanNode) throws -> any PlanNode
) throws -> any PlanNode {
  let input = call.children[0]
  do {
    return try build(call.resolver, input.node)
  } catch let failure as Failure
    where failure.condition.hasPrefix("UNRESOLVED_COLUMN")
    || failure.condition.hasPrefix("MISSING_ATTRIBUTES")
  {
    guard let exposing = input.node as? any ExposesColumns,
      !exposing.hiddenColumns.isEmpty
    else { throw failure }
    let hidden = exposing.hiddenColumns
    let names = Set(input.node.output.map { call.key($0.name) })
    let reachable = hidden.filter { !names.contains(call.key($0.name)) }
    let scope = PlanScope(
      columns: input.node.output + reachable, hidden: hidden,
      columnsOfPlan: input.columnsOfPlan)
    // The first failure names the columns that the user sees.
    guard let probe = try? build(call.analyzer.resolver(scope), input.node) else { throw failure }
    let used = probe.expressions.reduce(into: Set<Attribute>()) { $0.formUnion($1.references) }
    let exposed = hidden.filter { used.contains($0) }
    let above = try build(call.analyzer.resolver(scope), exposing.exposing(exposed))
    return Project(
      input.node.output.map { NamedExpression(.attribute($0), as: $0) }, above,
      origin: call.origin)
  }
}

/// `sort`.
func buildSort(_ call: OperatorCall) throws -> any PlanNode {
  let order = call.expressions("order")
  if let sorted = try sortedByAggregates(call, order) { return sorted }
  return try withHiddenColumns(call) { resolver, child in
    let keys = try order.map { try ordinalKey($0, call) ?? resolver.sortKey($0) }
    let windowed = keys.enumerated().map { index, key in
      NamedExpression(
        key.expression,
        as: Attribute("_order\(index)", key.expression.type, isNullable: key.expression.isNullable))
    }
    guard keys.contains(where: { $0.expression.hasWindow }) else {
      return Sort(keys, child, origin: call.origin)
    }
    let own = child.output.map { NamedExpression(.attribute($0), as: $0) }
    let (columns, below) = WindowFunctions.extract(own + windowed, over: child, origin: call.origin)
    let sorted = Sort(
      zip(keys, windowed).map { SortKey(.attribute($1.attribute), $0.order) },
      Project(columns, below, origin: call.origin), origin: call.origin)
    return Project(own, sorted, origin: call.origin)
  }
}

/// `ORDER BY 2` in a query's text: the second column; nil where the key is none such.
private func ordinalKey(_ item: UnresolvedExpression, _ call: OperatorCall) throws -> SortKey? {
  guard call.has("hiddenCount"), case .sort(let key, let order) = item.node,
    case .literal(.integer(let place), .int) = key.node
  else { return nil }
  let columns = call.child.output.dropLast(Int(call.integer("hiddenCount")))
  guard place >= 1, place <= columns.count else {
    throw Failure(
      "ORDER_BY_POS_OUT_OF_RANGE",
      "there is no item number \(place) in the SELECT list, which has \(columns.count)",
      origin: item.origin)
  }
  return SortKey(.attribute(columns[Int(place) - 1], origin: item.origin), order)
}

/// `groupBy("g"):count():orderBy(F.sum("n"))`: an order by aggregates of the grouped rows.
private func sortedByAggregates(_ call: OperatorCall, _ order: [UnresolvedExpression]) throws
  -> (any PlanNode)?
{
  guard let aggregate = call.child as? Aggregate else { return nil }
  let scope = PlanScope(
    columns: aggregate.child.output, columnsOfPlan: call.children[0].columnsOfPlan)
  let own = call.resolver
  let below = call.analyzer.resolver(scope)
  var added: [NamedExpression] = []
  let keys = try order.map { item -> SortKey in
    if let key = try ordinalKey(item, call) { return key }
    if let key = try? own.sortKey(item), !key.expression.hasAggregate { return key }
    guard let key = try? below.sortKey(item), case .aggregate = key.expression.kind else {
      return try own.sortKey(item)
    }
    let column = NamedExpression(
      key.expression,
      as: Attribute(
        key.expression.automaticName, key.expression.type, isNullable: key.expression.isNullable))
    added.append(column)
    return SortKey(.attribute(column.attribute), key.order)
  }
  if added.isEmpty { return nil }
  let wider = Aggregate(
    keys: aggregate.keys, aggregates: aggregate.aggregates + added, aggregate.child,
    uid: aggregate.uid, origin: aggregate.origin)
  return Project(
    aggregate.output.map { NamedExpression(.attribute($0), as: $0) },
    Sort(keys, wider, origin: call.origin), origin: call.origin)
}

extension Expression {
  var hasWindow: Bool { contains { if case .window = $0.kind { true } else { false } } }
}

/// `limit`.
func buildLimit(_ call: OperatorCall) throws -> any PlanNode {
  Limit(Int(clamping: try rowCount(call, "LIMIT")), call.child, origin: call.origin)
}

/// `union`: by position; `unionByName`: by name.
func buildUnion(_ call: OperatorCall) throws -> any PlanNode {
  try united(call, call.children.map(\.node))
}

func buildUnionByName(_ call: OperatorCall) throws -> any PlanNode {
  let (left, right) = (call.children[0].node, call.children[1].node)
  let allowMissing = call.boolean("allowMissingColumns")
  func column(_ attribute: Attribute, in node: any PlanNode) throws -> NamedExpression {
    if let own = node.output.first(where: { call.key($0.name) == call.key(attribute.name) }) {
      return NamedExpression(.attribute(own), as: own)
    }
    guard allowMissing else {
      throw Failure(
        "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
        "the other DataFrame has no column `\(attribute.name)`",
        hint: "`unionByName(other, { allowMissingColumns = true })` fills it with NULL.",
        details: ["its columns: " + node.output.map(\.name).joined(separator: ", ")])
    }
    return NamedExpression(
      .literal(.null, attribute.type), as: Attribute(attribute.name, attribute.type))
  }
  let names = Set(left.output.map { call.key($0.name) })
  let extra = right.output.filter { !names.contains(call.key($0.name)) }
  if let first = extra.first, !allowMissing { _ = try column(first, in: left) }
  let wanted = left.output + extra
  let leftNode: any PlanNode =
    extra.isEmpty
    ? left : Project(try wanted.map { try column($0, in: left) }, left, origin: call.origin)
  let rightNode = Project(try wanted.map { try column($0, in: right) }, right, origin: call.origin)
  return try united(call, [leftNode, rightNode])
}

private func united(_ call: OperatorCall, _ children: [any PlanNode]) throws -> any PlanNode {
  Union(try sameTypes(call, children, "UNION"), origin: call.origin)
}

/// The inputs of a set operation, cast to common types.
func sameTypes(_ call: OperatorCall, _ children: [any PlanNode], _ operation: String) throws
  -> [any PlanNode]
{
  let counts = children.map(\.output.count)
  if let other = counts.first(where: { $0 != counts[0] }) {
    throw Failure(
      "NUM_COLUMNS_MISMATCH",
      "\(operation) can only be performed on inputs with the same number of columns, but the "
        + "first input has \(counts[0]) columns and another has \(other)")
  }
  let types = try children[0].output.indices.map { index -> DataType in
    let all = children.map { $0.output[index].type }
    if let common = ImplicitCast.leastCommonType(all) { return common }
    throw Failure(
      "INCOMPATIBLE_COLUMN_TYPE",
      "\(operation) can only be performed on inputs with compatible columns: column "
        + "\(index + 1) (`\(children[0].output[index].name)`) is "
        + all.map { "\"\($0)\"" }.joined(separator: " and "))
  }
  return children.map { child in
    if zip(child.output, types).allSatisfy({ $0.type == $1 }) { return child }
    let columns = zip(child.output, types).map { old, type -> NamedExpression in
      if old.type == type { return NamedExpression(.attribute(old), as: old) }
      return NamedExpression(
        Expression.attribute(old).implicitlyCast(to: type),
        as: Attribute(old.name, type, isNullable: old.isNullable, qualifier: old.qualifier))
    }
    return Project(columns, child, origin: call.origin)
  }
}

/// `uid`: names the stateful operator just built.
func buildUid(_ call: OperatorCall) throws -> any PlanNode {
  let uid = call.text("name")
  func named(_ node: any PlanNode) -> (any PlanNode)? {
    if let stateful = node as? any TakesUid { return stateful.with(uid: uid) }
    guard node.children.count == 1, let below = named(node.children[0]) else { return nil }
    return node.with(children: [below])
  }
  if let node = named(call.child) { return node }
  throw Failure(
    "UNSUPPORTED_OPERATION", "`uid` names a stateful operator, but there is none here",
    hint: "It belongs right behind the aggregation, join or deduplication.")
}
