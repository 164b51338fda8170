import Columns
import Contract
import Expressions
import Plan

/// Builds what a list of columns (`select`, `withColumns`) needs below its projection: windows of
/// time, generators, window functions, a global aggregation.
struct ProjectionBuilder {
  let call: OperatorCall

  /// The projection of these columns over an input.
  func select(_ list: [UnresolvedExpression], over input: AnalyzedPlan) throws -> any PlanNode {
    let (windowed, timed) = try TimeWindows(analyzer: call.analyzer).extract(list, from: input)
    let named = try LateralAliases(call: call).replaced(in: windowed, over: timed)
    let (rewritten, below) = try SubqueryJoins(call: call).extract(named, from: timed)
    let items = try call.analyzer.resolver(below.scope).resolveList(rewritten)
    return try project(items, over: below)
  }

  /// The projection of resolved columns.
  func project(_ items: [ProjectionItem], over input: AnalyzedPlan) throws -> any PlanNode {
    var child = input.node
    var columns: [NamedExpression] = []
    for item in items {
      switch item {
      case .column(let column):
        try refuseNested(column.expression)
        columns.append(withEventTime(column))
      case .generator(let generator, let arguments, let names, let origin):
        for argument in arguments { try refuseNested(argument) }
        let made = generator.output.enumerated().map { index, field in
          Attribute(
            index < names.count ? names[index] : field.name, field.type,
            isNullable: field.isNullable)
        }
        child = Generate(
          generator, arguments, kept: child.output, made: made, child,
          origin: origin ?? call.origin)
        columns += made.map { NamedExpression(.attribute($0), as: $0) }
      }
    }
    if columns.contains(where: { $0.expression.hasAggregate }) {
      return try withMadeColumns(
        call, keys: [], shown: columns, over: AnalyzedPlan(child),
        input.made.filter { !input.qualified.contains($0) })
    }
    let (flat, windowed) = WindowFunctions.extract(columns, over: child, origin: call.origin)
    return Project(flat, windowed, origin: call.origin)
  }

  private func refuseNested(_ expression: Expression) throws {
    let nested = expression.contains {
      if case .generator = $0.kind { true } else { false }
    }
    if nested {
      throw Failure(
        "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
        "a function that makes rows cannot stand inside an expression: \(expression.sqlText)",
        hint: "Select it alone first, under a name.", origin: expression.origin ?? call.origin)
    }
  }

  /// `window_time(w)` is event time again where `w` is a window of it.
  private func withEventTime(_ column: NamedExpression) -> NamedExpression {
    guard let delay = column.expression.eventTimeDelayUs,
      column.attribute.watermarkDelayUs == nil
    else { return column }
    let old = column.attribute
    return NamedExpression(
      column.expression,
      as: Attribute(
        id: old.id, old.name, old.type, isNullable: old.isNullable, qualifier: old.qualifier,
        watermarkDelayUs: delay))
  }
}

extension Expression {
  var hasAggregate: Bool {
    contains { if case .aggregate = $0.kind { true } else { false } }
  }

  /// The watermark's delay where this is event time: a column, or the time of a window.
  var eventTimeDelayUs: Int64? {
    if let delay = watermarkDelayUs { return delay }
    if case .alias(let child, _) = kind { return child.eventTimeDelayUs }
    if case .call(let function, let arguments) = kind, function.name == "window_time" {
      return arguments.first?.eventTimeDelayUs
    }
    return nil
  }

  /// Tells expressions apart: equal text with ids and equal type mean the same.
  var identity: String { "\(self): \(type)" }
}

/// `select`.
func buildSelect(_ call: OperatorCall) throws -> any PlanNode {
  try ProjectionBuilder(call: call)
    .select(call.expressions("columns"), over: call.children[0].withQualifiedKeys)
}

/// `withColumns`: columns of the same name are replaced where they stand, others come last.
func buildWithColumns(_ call: OperatorCall) throws -> any PlanNode {
  let input = call.children[0]
  let (windowed, timed) = try TimeWindows(analyzer: call.analyzer)
    .extract(call.expressions("columns"), from: input)
  let (list, below) = try SubqueryJoins(call: call).extract(windowed, from: timed)
  let new = try call.analyzer.resolver(below.scope).resolveList(list)
  if let joined = try withColumns(new, joining: below.node, call) { return joined }
  var names: [String] = []
  for item in new {
    switch item {
    case .column(let column): names.append(call.key(column.attribute.name))
    case .generator(let generator, _, let given, _):
      names.append(call.key(given.first ?? generator.output[0].name))
    }
  }
  if call.has("mustExist") {
    for name in names { _ = try call.column(named: name, in: input.node.output) }
  }
  var used = Set<Int>()
  let columnsBelow = (input.node as? Project)?.columns
  var items = input.node.output.enumerated().map { index, old -> ProjectionItem in
    if let place = names.firstIndex(of: call.key(old.name)) {
      used.insert(place)
      return new[place]
    }
    // A column that goes through many steps is one expression.
    if let below = columnsBelow?[index], below.isUnchanged { return .column(below) }
    return .column(NamedExpression(.attribute(old), as: old))
  }
  items += new.indices.filter { !used.contains($0) }.map { new[$0] }
  return try ProjectionBuilder(call: call).project(items, over: below)
}

/// The new columns put into the projection below, where they neither use nor replace what it
/// computes: a script that adds a thousand columns one by one then keeps one list of them, not a
/// thousand. nil: they need a projection of their own.
private func withColumns(
  _ new: [ProjectionItem], joining below: any PlanNode, _ call: OperatorCall
) throws -> Project? {
  guard let lower = below as? Project else { return nil }
  let plain = Set(lower.columns.lazy.filter(\.isUnchanged).map(\.attribute.id))
  var columns = lower.columns
  var places: [String: Int] = [:]
  for (place, column) in columns.enumerated() { places[call.key(column.attribute.name)] = place }
  guard places.count == columns.count else { return nil }
  for item in new {
    guard case .column(let column) = item,
      column.expression.references.allSatisfy({ plain.contains($0.id) }),
      !column.expression.contains(\.isNotOfOneRow), column.expression.eventTimeDelayUs == nil
    else { return nil }
    if let place = places.updateValue(columns.count, forKey: call.key(column.attribute.name)) {
      guard place < lower.columns.count, lower.columns[place].isUnchanged else { return nil }
      columns[place] = column
    } else {
      columns.append(column)
    }
  }
  return Project(columns, lower.child, origin: call.origin)
}

extension Expression {
  /// An aggregate, a window function or a generator: more than one row goes in or comes out.
  fileprivate var isNotOfOneRow: Bool {
    switch kind {
    case .aggregate, .window, .generator: true
    default: false
    }
  }
}

extension OperatorCall {
  /// A column's name as names are compared.
  func key(_ name: String) -> String {
    analyzer.session.isCaseSensitive ? name : name.lowercased()
  }

  /// The first input's column of that name, as the methods that take names only look it up.
  func column(named name: String, in columns: [Attribute]) throws -> Attribute {
    let found = columns.filter { key($0.name) == key(name) }
    if found.count > 1 {
      throw Failure(
        "AMBIGUOUS_REFERENCE",
        "the reference `\(name)` is ambiguous: \(found.count) columns have that name")
    }
    guard let first = found.first else {
      throw Failure(
        "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
        "there is no column `\(name)` in this DataFrame",
        hint: Suggestion.sentence(for: name, among: columns.map(\.name)),
        details: ["columns: " + columns.map(\.name).joined(separator: ", ")])
    }
    return first
  }
}

/// `withColumnsRenamed`: names that are not there are no error, as in Spark.
func buildRename(_ call: OperatorCall) throws -> any PlanNode {
  let pairs = zip(call.texts("existing"), call.texts("names")).map { (call.key($0), $1) }
  let columns = call.child.output.map { old in
    let new = pairs.reduce(old.name) { name, pair in call.key(name) == pair.0 ? pair.1 : name }
    return renamed(old, new)
  }
  return Project(columns, call.child, origin: call.origin)
}

private func renamed(_ old: Attribute, _ name: String) -> NamedExpression {
  if name == old.name { return NamedExpression(.attribute(old), as: old) }
  return NamedExpression(
    .attribute(old),
    as: Attribute(
      name, old.type, isNullable: old.isNullable, watermarkDelayUs: old.watermarkDelayUs))
}

/// `toDF`: all columns under new names.
func buildToDF(_ call: OperatorCall) throws -> any PlanNode {
  let names = call.texts("names")
  let output = call.child.output
  guard names.count == output.count else {
    throw Failure(
      "ASSIGNMENT_ARITY_MISMATCH",
      "`toDF` got \(names.count) names for \(output.count) columns",
      details: ["columns: " + output.map(\.name).joined(separator: ", ")])
  }
  return Project(zip(output, names).map(renamed), call.child, origin: call.origin)
}

/// `drop`: names that are not there are no error, as in Spark.
func buildDrop(_ call: OperatorCall) throws -> any PlanNode {
  let names = Set(call.texts("names").map(call.key))
  var dropped = Set<Attribute>()
  for unresolved in call.expressions("columns") {
    do {
      let column = try call.resolver.resolve(unresolved)
      if case .attribute(let attribute) = column.kind { dropped.insert(attribute) }
    } catch let failure as Failure where failure.condition.hasPrefix("UNRESOLVED_COLUMN") {
      continue
    }
  }
  let kept = call.child.output.filter {
    !names.contains(call.key($0.name)) && !dropped.contains($0)
  }
  if kept.count == call.child.output.count { return call.child }
  return Project(
    kept.map { NamedExpression(.attribute($0), as: $0) }, call.child, origin: call.origin)
}

/// `df:alias "l"`: the same columns, also reached as `l.name`.
func buildAlias(_ call: OperatorCall) throws -> any PlanNode {
  let name = call.text("name")
  let columns = call.child.output.map { old in
    NamedExpression(
      .attribute(old),
      as: Attribute(
        id: old.id, old.name, old.type, isNullable: old.isNullable, qualifier: name,
        watermarkDelayUs: old.watermarkDelayUs))
  }
  return Project(columns, call.child, origin: call.origin)
}
