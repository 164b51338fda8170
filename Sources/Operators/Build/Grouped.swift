import Columns
import Contract
import Expressions
import Plan

/// `aggregate`: what `groupBy(…):agg(…)` and its kin make.
func buildAggregate(_ call: OperatorCall) throws -> any PlanNode {
  let unresolvedKeys = call.expressions("keys")
  let (timed, windowed) = try TimeWindows(analyzer: call.analyzer)
    .extract(
      unresolvedKeys + call.expressions("aggregates"),
      from: call.children[0].withQualifiedKeys)
  let named =
    timed.prefix(unresolvedKeys.count)
    + (try LateralAliases(call: call)
      .replaced(in: Array(timed.dropFirst(unresolvedKeys.count)), over: windowed))
  let (all, input) = try SubqueryJoins(call: call).extract(Array(named), from: windowed)
  let rest = Array(all.dropFirst(unresolvedKeys.count))
  let kind = call.text("grouping")
  let keys = try resolvedKeys(
    call, kind == "groupByAll" ? rest : Array(all.prefix(unresolvedKeys.count)), input,
    isAll: kind == "groupByAll")
  let shape = GroupingSets(call: call, input: input, keys: keys)
  let grouped = try shape.apply(kind)
  var aggregates = try shape.resolve(rest, grouped)
  if call.has("pivotColumn") {
    let pivot = Pivot(
      call: call, input: grouped.input, columns: [call.expression("pivotColumn")])
    aggregates = try pivot.columns(aggregates, for: call.expressions("pivotValues"))
  }
  let keepsKeys = !call.has("keepKeys") || call.boolean("keepKeys")
  let shownKeys = keepsKeys ? grouped.keys.prefix(shape.keys.count) : []
  let shown =
    shownKeys.map {
      NamedExpression(.attribute($0.attribute), as: $0.attribute)
    } + aggregates
  return try withMadeColumns(
    call, keys: grouped.keys, shown: shown, over: grouped.input,
    input.made.filter { !input.qualified.contains($0) })
}

/// The columns that stand for queries in the expressions go through the groups: they hang on the
/// keys, or on nothing.
func withMadeColumns(
  _ call: OperatorCall, keys: [NamedExpression], shown: [NamedExpression],
  over input: AnalyzedPlan, _ made: [Attribute]
) throws -> any PlanNode {
  let builder = AggregateBuilder(call: call)
  if made.isEmpty { return try builder.build(keys: keys, shown: shown, over: input.node) }
  if !keys.isEmpty {
    let passed = made.map { NamedExpression(.attribute($0), as: $0) }
    return try builder.build(keys: keys + passed, shown: shown, over: input.node)
  }
  let firsts = try shown.map { column in
    NamedExpression(
      try column.expression.outsideAggregates { part in
        guard case .attribute(let attribute) = part.kind, made.contains(attribute) else {
          return nil
        }
        return try call.analyzer.call("first", [part], origin: part.origin)
      }, as: column.attribute)
  }
  return try builder.global(firsts, over: input.node)
}

extension Expression {
  /// Rewrites top down what is not inside an aggregate.
  fileprivate func outsideAggregates(
    _ rewrite: (Expression) throws -> Expression?
  ) rethrows -> Expression {
    if case .aggregate = kind { return self }
    if let new = try rewrite(self) { return new }
    if children.isEmpty { return self }
    return with(children: try children.map { try $0.outsideAggregates(rewrite) })
  }
}

private func resolvedKeys(
  _ call: OperatorCall, _ list: [UnresolvedExpression], _ input: AnalyzedPlan, isAll: Bool
) throws -> [NamedExpression] {
  var keys: [NamedExpression] = []
  for item in try call.analyzer.resolver(input.scope).resolveList(list) {
    guard case .column(let key) = item else {
      throw Failure(
        "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
        "a function that makes rows is only possible in `select`", origin: call.origin)
    }
    if isAll {
      let isKey =
        !key.expression.hasAggregate && !key.expression.hasWindow
        && !key.attribute.name.hasPrefix("__hidden")
      if isKey { keys.append(key) }
      continue
    }
    if key.expression.hasAggregate {
      let isOrdinal = call.list("ordinals").contains { argument in
        if case .integer(let place) = argument { place == keys.count } else { false }
      }
      throw Failure(
        isOrdinal ? "GROUP_BY_POS_AGGREGATE" : "GROUP_BY_AGGREGATE",
        "an aggregate cannot be a key: \(key.expression.sqlText)",
        origin: key.expression.origin)
    }
    keys.append(key)
  }
  return keys
}
