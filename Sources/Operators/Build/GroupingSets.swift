import Columns
import Contract
import Expressions
import Plan

/// `groupBy`, `rollup`, `cube` and SQL's GROUPING SETS: the keys of an aggregation, and where there
/// are several sets the rows once for each set of keys, the other keys NULL.
struct GroupingSets {
  let call: OperatorCall
  let input: AnalyzedPlan
  /// Each once.
  let keys: [NamedExpression]
  /// For each key given, its place in `keys`.
  private let places: [Int]

  struct Grouped {
    let input: AnalyzedPlan
    /// The keys given, then the set's number where there are several sets.
    let keys: [NamedExpression]
    let groupingId: Attribute?
  }

  /// Stands for DataFrames that no script can name: the grouping id.
  private static let madeColumns = -2

  init(call: OperatorCall, input: AnalyzedPlan, keys: [NamedExpression]) {
    self.call = call
    self.input = input
    guard call.text("grouping") == "groupingSets" else {
      self.keys = keys
      places = Array(keys.indices)
      return
    }
    var known: [String: Int] = [:]
    var unique: [NamedExpression] = []
    places = keys.map { key in
      let identity = key.expression.identity
      if let place = known[identity] { return place }
      known[identity] = unique.count
      unique.append(key)
      return unique.count - 1
    }
    self.keys = unique
  }

  func apply(_ kind: String) throws -> Grouped {
    let count = keys.count
    switch kind {
    case "rollup": return expanded((0...count).map { (Int64(1) << Int64($0)) - 1 })
    case "cube":
      guard count <= 12 else {
        throw Failure(
          "GROUPING_SIZE_LIMIT_EXCEEDED", "a cube has 12 keys at most, not \(count)",
          origin: call.origin)
      }
      return expanded((0..<(Int64(1) << Int64(count))).map { $0 })
    case "groupingSets":
      guard count <= 62 else {
        throw Failure(
          "GROUPING_SIZE_LIMIT_EXCEEDED", "grouping sets have 62 keys at most, not \(count)",
          origin: call.origin)
      }
      let sets = call.list("sets").map(number)
      // The whole as one set: as no keys at all, there is a result also of no rows.
      if count == 0, sets.count == 1 { return Grouped(input: input, keys: [], groupingId: nil) }
      return expanded(sets)
    default: return Grouped(input: input, keys: keys, groupingId: nil)
    }
  }

  /// Bit `count-1-i` of a set's number says that key `i` is left out, as in Spark.
  private func number(_ set: PlanArgument) -> Int64 {
    guard case .list(let members) = set else { preconditionFailure("a set of keys") }
    let all = (Int64(1) << Int64(keys.count)) - 1
    return members.reduce(all) { number, member in
      guard case .integer(let place) = member else { preconditionFailure("a key's place") }
      return number & ~(Int64(1) << Int64(keys.count - 1 - places[Int(place)]))
    }
  }

  private func expanded(_ sets: [Int64]) -> Grouped {
    let nulled = keys.map { key in
      Attribute(
        key.attribute.name, key.attribute.type, isNullable: true,
        watermarkDelayUs: key.attribute.watermarkDelayUs)
    }
    let id = Attribute("spark_grouping_id", .long, isNullable: false)
    // Of two equal sets each gives its groups.
    let position =
      Set(sets).count < sets.count
      ? [Attribute("_gen_grouping_pos", .int, isNullable: false)] : []
    let own = input.node.output
    let rows = sets.enumerated().map { place, set in
      own.map { Expression.attribute($0) }
        + keys.enumerated().map { index, key in
          (set >> Int64(keys.count - 1 - index)) & 1 == 0
            ? key.expression : .literal(.null, key.expression.type)
        } + [.literal(.integer(set), .long)]
        + position.map { _ in .literal(.integer(Int64(place)), .int) }
    }
    let node = Expand(
      rows, output: own + nulled + [id] + position, input.node, origin: call.origin)
    var columns = input.columnsOfPlan
    columns[Self.madeColumns] = [[id]]
    let made = (nulled + [id] + position).map { NamedExpression(.attribute($0), as: $0) }
    return Grouped(
      input: AnalyzedPlan(
        node, columnsOfPlan: columns, made: input.made + nulled + [id] + position,
        qualified: input.qualified),
      keys: made, groupingId: id)
  }

  /// The aggregates over the grouped rows; `grouping(k)` and `grouping_id()` become columns.
  func resolve(_ list: [UnresolvedExpression], _ grouped: Grouped) throws -> [NamedExpression] {
    let resolver = call.analyzer.resolver(grouped.input.scope)
    let items = try resolver.resolveList(try list.map { try rewritten($0, grouped) })
    return try items.map { item in
      guard case .column(let column) = item else {
        throw Failure(
          "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
          "a function that makes rows is only possible in `select`", origin: call.origin)
      }
      // In the result a key is the key of its set, NULL where the set leaves it out.
      guard grouped.groupingId != nil else { return column }
      let expression = replacedKeys(column.expression, grouped)
      return NamedExpression(expression, as: column.attribute)
    }
  }

  private func replacedKeys(_ expression: Expression, _ grouped: Grouped) -> Expression {
    if case .aggregate = expression.kind { return expression }
    for (key, new) in zip(keys, grouped.keys)
    where expression.identity == key.expression.identity {
      return .attribute(new.attribute, origin: expression.origin)
    }
    let children = expression.children
    if children.isEmpty { return expression }
    return expression.with(children: children.map { replacedKeys($0, grouped) })
  }

  private func rewritten(_ item: UnresolvedExpression, _ grouped: Grouped) throws
    -> UnresolvedExpression
  {
    try item.rewritten { part in
      guard case .call(let name, let arguments, _, _) = part.node,
        ["grouping", "grouping_id"].contains(name.lowercased())
      else { return nil }
      guard let id = grouped.groupingId else {
        throw Failure(
          "UNSUPPORTED_GROUPING_EXPRESSION",
          "`\(name)` is only possible with `rollup` and `cube`", origin: part.origin)
      }
      let column = UnresolvedExpression(
        .column(ofPlan: Self.madeColumns, name: id.name), origin: part.origin)
      if name.lowercased() == "grouping_id" {
        let places = try arguments.map(place)
        guard places.isEmpty || places == Array(keys.indices) else {
          throw Failure(
            "GROUPING_ID_COLUMN_MISMATCH", "`grouping_id` takes all keys of the groups, or none",
            details: ["keys: " + keys.map(\.attribute.name).joined(separator: ", ")],
            origin: part.origin)
        }
        let names = places.map { keys[$0].expression.automaticName }.joined(separator: ", ")
        return UnresolvedExpression(.alias(column, ["grouping_id(\(names))"]), origin: part.origin)
      }
      guard arguments.count == 1 else {
        throw Failure(
          "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "`grouping` takes one argument",
          origin: part.origin)
      }
      let place = try place(of: arguments[0])
      func literal(_ value: Int64) -> UnresolvedExpression {
        UnresolvedExpression(.literal(.integer(value), .int), origin: part.origin)
      }
      let shifted = UnresolvedExpression.call(
        "shiftright", [column, literal(Int64(keys.count - 1 - place))], origin: part.origin)
      let bit = UnresolvedExpression.call("&", [shifted, literal(1)], origin: part.origin)
      let cast = UnresolvedExpression(.cast(bit, .byte, isTry: false), origin: part.origin)
      let title = "grouping(\(keys[place].expression.automaticName))"
      return UnresolvedExpression(.alias(cast, [title]), origin: part.origin)
    }
  }

  private func place(of argument: UnresolvedExpression) throws -> Int {
    let resolved = try call.analyzer.resolver(input.scope).resolve(argument)
    if let place = keys.firstIndex(where: { $0.expression.identity == resolved.identity }) {
      return place
    }
    throw Failure(
      "GROUPING_COLUMN_MISMATCH", "`\(resolved.sqlText)` is no key of the groups",
      details: ["keys: " + keys.map(\.attribute.name).joined(separator: ", ")],
      origin: argument.origin)
  }
}
