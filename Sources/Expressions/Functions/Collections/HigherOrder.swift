import Columns
import Contract

private func lambda(_ name: String, _ summary: String, default defaultText: String? = nil)
  -> FunctionParameter
{
  FunctionParameter(
    parameter: Parameter(name, .function, default: defaultText, summary), accepts: .any,
    filler: nil)
}

extension FunctionCall {
  /// The lambda given as argument `index`, resolved over parameters of these types.
  func resolvedLambda(
    _ index: Int, _ parameters: [(name: String, type: DataType, isNullable: Bool)]
  )
    throws -> (expression: Expression, body: Expression)
  {
    let fields = parameters.map { Field($0.name, $0.type, isNullable: $0.isNullable) }
    guard let expression = try lambda(index, fields), case .lambda(_, let body) = expression.kind
    else {
      throw Failure(
        "UNEXPECTED_LAMBDA", "argument \(index + 1) of `\(name)` must be a function",
        hint: "Write it as x -> …", origin: origin)
    }
    return (expression, body)
  }

  /// A lambda that gives a BOOLEAN, or NULL.
  func predicate(_ expression: Expression) throws -> Expression {
    try castLambda(expression, to: .boolean)
  }

  /// The lambda's body cast to a type.
  func castLambda(_ expression: Expression, to type: DataType) throws -> Expression {
    guard case .lambda(let parameters, let body) = expression.kind, body.type != type else {
      return expression
    }
    guard body.type == .null || body.type.hasSameShape(as: type) else {
      throw Failure(
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        "the function of `\(name)` must give \"\(type)\", but `\(body.sqlText)` is "
          + "\"\(body.type)\"", origin: body.origin ?? origin)
    }
    return Expression(
      .lambda(parameters, body.implicitlyCast(to: type)), type, isNullable: body.isNullable,
      origin: expression.origin)
  }
}

extension CompiledExpression {
  /// Evaluates this lambda for some elements of the rows of a context. `rows` says whose element
  /// each is. The result is flat.
  func evaluate(
    _ values: [Vector], rows: Selection, in context: EvaluationContext
  ) throws -> Vector {
    guard let (parameters, body) = lambda else {
      preconditionFailure("a function's lambda argument is no lambda")
    }
    let bindings = zip(parameters, values).map { (id: $0, value: $1) }
    let inner = context.entering(bindings, rows: rows)
    do { return try body.evaluate(inner).flat } catch let error as RowFailure {
      // The row of an element is the row whose array it is in.
      throw RowFailure(row: Int(rows.rows[error.row]), error.failure)
    }
  }
}

/// The positions from 0 within their arrays.
private func indices(_ elements: ListElements, rows: Int) -> Vector {
  let out = Buffer(capacity: elements.count * 4)
  let target = out.typed(Int32.self)
  for row in 0..<rows {
    for (index, at) in elements.range(row).enumerated() { target[at] = Int32(index) }
  }
  return Vector(.int, count: elements.count, values: out)
}

/// An array function that takes a lambda of an element and, where it has two parameters, its index.
private func elementLambda(_ call: FunctionCall) throws -> (lambda: Expression, body: Expression) {
  let element = (name: "x", type: call.types[0].element, isNullable: call.types[0].containsNull)
  if case .lambda(let parameters, _) = call[1].kind, parameters.count == 2 {
    let resolved = try call.resolvedLambda(1, [element, ("i", .int, false)])
    return (resolved.expression, resolved.body)
  }
  let resolved = try call.resolvedLambda(1, [element])
  return (resolved.expression, resolved.body)
}

private func evaluateElements(
  _ elements: ListElements, _ lambda: CompiledExpression, _ context: EvaluationContext
) throws -> Vector {
  var values = elements.children
  if lambda.lambda?.parameters.count == values.count + 1 {
    values.append(indices(elements, rows: context.count))
  }
  return try lambda.evaluate(values, rows: elements.rows, in: context)
}

/// The elements for which a condition holds, in lists of their own.
private func kept(_ list: Vector, _ elements: ListElements, _ condition: Vector) -> Vector {
  let selection = Selection.whereTrue(condition)
  let offsets = Buffer(capacity: (list.count + 1) * 4)
  let ends = offsets.typed(Int32.self)
  ends[0] = 0
  var next = 0
  for row in 0..<list.count {
    let end = elements.range(row).upperBound
    while next < selection.count, Int(selection.rows[next]) < end { next += 1 }
    ends[row + 1] = Int32(next)
  }
  return Vector(
    list.type, count: list.count, validity: list.validity, values: offsets,
    children: elements.children.map { $0.gathered(selection) })
}

/// What a predicate over an array's elements comes to.
private func quantified(
  _ name: String, aliases: [String] = [], _ summary: String, decides: Bool, _ examples: [Example]
) -> FunctionSpec {
  collectionFunction(
    name, aliases: aliases, summary,
    [properArrayParameter, lambda("predicate", "a function of an element that gives a BOOLEAN")],
    returns: "BOOLEAN", examples,
    notes: "NULL where only an element for which the predicate is NULL could decide."
  ) { call in
    let element = (name: "x", type: call.types[0].element, isNullable: call.types[0].containsNull)
    let predicate = try call.resolvedLambda(1, [element])
    let function = try call.predicate(predicate.expression)
    return call.with([call[0], function]).guarded(
      .boolean, nullable: .always, canFail: predicate.body.canFail
    ) { arguments, context in
      let list = try arguments[0].evaluate(context)
      if list.nullCount == list.count { return .nulls(.boolean, count: list.count) }
      let elements = ListElements(list)
      let holds = try evaluateElements(elements, arguments[1], context)
      return try mappedRows([list.flat], to: .boolean) { row, builder in
        var hasNull = false
        for at in elements.range(row) {
          if holds.isNull(at) {
            hasNull = true
          } else if holds.boolean(at) == decides {
            return builder.append(boolean: decides)
          }
        }
        if hasNull { builder.appendNull() } else { builder.append(boolean: !decides) }
      }
    }
  }
}

/// Functions that take functions, over arrays.
let higherOrderFunctions: [FunctionSpec] = [
  collectionFunction(
    "transform", "The array of what a function makes of each element (and its index, from 0).",
    [
      properArrayParameter,
      lambda("function", "a function of an element, or of an element and its index"),
    ],
    returns: "ARRAY",
    [
      Example("transform(array(1, 2, 3), x -> x + 1)", "[2, 3, 4]"),
      Example("transform(array(1, 2, 3), (x, i) -> x + i)", "[1, 3, 5]"),
      Example("transform(array('a', NULL), x -> upper(x))", "[A, null]"),
      Example(
        "transform(array(array(1), array(2, 3)), a -> transform(a, x -> x + size(a)))",
        "[[2], [4, 5]]"),
      Example("transform(CAST(NULL AS ARRAY<INT>), x -> x)", "NULL"),
    ]
  ) { call in
    let function = try elementLambda(call)
    let type = DataType.array(function.body.type, containsNull: function.body.isNullable)
    return call.with([call[0], function.lambda]).guarded(type, canFail: function.body.canFail) {
      arguments, context in
      let list = try arguments[0].evaluate(context).flat
      if list.type == .null { return .nulls(type, count: list.count) }
      let elements = ListElements(list)
      let made = try evaluateElements(elements, arguments[1], context)
      return Vector(
        type, count: list.count, validity: list.validity, values: elements.offsets,
        children: [made])
    }
  },
  collectionFunction(
    "filter", "The elements for which a predicate is true.",
    [
      properArrayParameter,
      lambda("predicate", "a function of an element, or of an element and its index"),
    ],
    returns: "the type of `array`",
    [
      Example("filter(array(1, 2, 3), x -> x % 2 = 1)", "[1, 3]"),
      Example("filter(array(0, 2, 3), (x, i) -> x > i)", "[2, 3]"),
      Example("filter(array(0, NULL, 2), x -> x IS NOT NULL)", "[0, 2]"),
      Example("filter(CAST(NULL AS ARRAY<INT>), x -> true)", "NULL"),
    ]
  ) { call in
    let predicate = try elementLambda(call)
    let function = try call.predicate(predicate.lambda)
    let type = call.types[0]
    return call.with([call[0], function]).guarded(type, canFail: predicate.body.canFail) {
      arguments, context in
      let list = try arguments[0].evaluate(context).flat
      if list.type == .null { return list }
      let elements = ListElements(list)
      return kept(list, elements, try evaluateElements(elements, arguments[1], context))
    }
  },
  quantified(
    "exists", aliases: ["any_match"], "Whether a predicate is true for some element.",
    decides: true,
    [
      Example("exists(array(1, 2, 3), x -> x % 2 = 0)", "true"),
      Example("exists(array(1, NULL), x -> x > 1)", "NULL"),
      Example("exists(array(), x -> true)", "false"),
      Example("exists(CAST(NULL AS ARRAY<INT>), x -> true)", "NULL"),
    ]),
  quantified(
    "forall", aliases: ["all_match"], "Whether a predicate is true for all elements.",
    decides: false,
    [
      Example("forall(array(1, 2, 3), x -> x % 2 = 0)", "false"),
      Example("forall(array(2, NULL), x -> x > 1)", "NULL"),
      Example("forall(array(), x -> false)", "true"),
      Example("forall(CAST(NULL AS ARRAY<INT>), x -> true)", "NULL"),
    ]),
  collectionFunction(
    "aggregate", aliases: ["reduce"], "The elements brought together one after the other.",
    [
      properArrayParameter, .column("start", .any, "what it begins with"),
      lambda("merge", "a function of what there is so far and an element"),
      lambda("finish", "a function of the last result", default: ""),
    ], returns: "what `merge` or `finish` gives",
    [
      Example("aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)", "6"),
      Example("aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x, acc -> acc * 10)", "60"),
      Example("aggregate(array(1, NULL), 0, (acc, x) -> acc + x)", "NULL"),
      Example("aggregate(array(), 5, (acc, x) -> acc + x)", "5"),
      Example("aggregate(CAST(NULL AS ARRAY<INT>), 0, (acc, x) -> acc + x)", "NULL"),
    ], bind: aggregateCall),
  collectionFunction(
    "zip_with",
    "What a function makes of the elements of two arrays, the shorter filled with NULLs.",
    [
      .column("left", .exactly(.anyArray, orNull: false), "the one"),
      .column("right", .exactly(.anyArray, orNull: false), "the other"),
      lambda("function", "a function of an element of each"),
    ], returns: "ARRAY",
    [
      Example(
        "zip_with(array(1, 2, 3), array('a', 'b', 'c'), (x, y) -> concat(y, x))", "[a1, b2, c3]"),
      Example("zip_with(array(1, 2), array(3), (x, y) -> x + y)", "[4, null]"),
      Example("zip_with(CAST(NULL AS ARRAY<INT>), array(3), (x, y) -> x)", "NULL"),
    ], bind: zipWithCall),
  collectionFunction(
    "array_sort", "The array sorted by a comparison, or in ascending order with NULLs last.",
    [
      properArrayParameter,
      lambda(
        "comparison", "a function of two elements: less than 0, 0 or more than 0", default: ""),
    ], returns: "the type of `array`",
    [
      Example("array_sort(array('b', 'd', NULL, 'c', 'a'))", "[a, b, c, d, null]"),
      Example(
        "array_sort(array(5, 6, 1), (a, b) -> CAST(sign(a - b) AS INT))",
        "[1, 5, 6]"),
      Example(
        "array_sort(array('bc', 'ab', 'dc'), (a, b) -> if(a > b, -1, if(a < b, 1, 0)))",
        "[dc, bc, ab]"),
      Example(
        "array_sort(sequence(1, 1000), (a, b) -> if(a > b, -1, if(a < b, 1, 0)))[0]", "1000"),
      Example("array_sort(CAST(NULL AS ARRAY<INT>))", "NULL"),
      Example("array_sort(array('b', 'é', '', 'B'))", "[, B, b, é]"),
      Example("array_sort(array())", "[]"),
    ], bind: arraySortCall),
]

@Sendable private func aggregateCall(_ call: FunctionCall) throws -> Expression {
  let element = (name: "x", type: call.types[0].element, isNullable: call.types[0].containsNull)
  // What a step gives may be NULL in it where the start is not.
  let start = call[1].implicitlyCast(to: call.types[1].holdingNulls)
  let merge = try call.resolvedLambda(2, [("acc", start.type, true), element])
  let type = start.type
  var arguments = [call[0], start, try call.castLambda(merge.expression, to: type)]
  let finish =
    call.arguments.count > 3 ? try call.resolvedLambda(3, [("acc", type, true)]) : nil
  if let finish { arguments.append(finish.expression) }
  let result = finish?.body.type ?? type
  return call.with(arguments).guarded(result, nullable: .always, canFail: merge.body.canFail) {
    arguments, context in
    let list = try arguments[0].evaluate(context)
    if list.nullCount == list.count { return .nulls(result, count: list.count) }
    let elements = ListElements(list)
    var accumulated = try arguments[1].evaluate(context).flat
    // Step n brings in the nth elements of all arrays that have one.
    var active = (0..<list.count).filter { !elements.range($0).isEmpty }
    var step = 0
    while !active.isEmpty {
      let rows = Selection(active)
      let picks = Selection(active.map { elements.range($0).lowerBound + step })
      let next = try arguments[2].evaluate(
        [accumulated.gathered(rows), elements.children[0].gathered(picks)], rows: rows, in: context)
      var places = Array(0..<list.count)
      for (index, row) in active.enumerated() { places[row] = list.count + index }
      accumulated = Vector.concatenated([accumulated, next], type: type).gathered(Selection(places))
      step += 1
      active = active.filter { elements.range($0).count > step }
    }
    if arguments.count > 3 {
      accumulated = try arguments[3].evaluate(
        [accumulated], rows: .identity(list.count), in: context)
    }
    return accumulated.restricted(to: list)
  }
}

extension Vector {
  /// The same flat values, NULL where another column is.
  func restricted(to other: Vector) -> Vector {
    if other.nullCount == 0 { return self }
    let bits = Bitmap.and(validity, other.flat.validity, count: count)
    return with(validity: bits)
  }
}

@Sendable private func zipWithCall(_ call: FunctionCall) throws -> Expression {
  let function = try call.resolvedLambda(
    2, [("x", call.types[0].element, true), ("y", call.types[1].element, true)])
  let type = DataType.array(function.body.type, containsNull: true)
  return call.with([call[0], call[1], function.expression]).guarded(
    type, nullable: call[0].isNullable || call[1].isNullable ? .always : .never,
    canFail: function.body.canFail
  ) { arguments, context in
    let (a, b) = (try arguments[0].evaluate(context), try arguments[1].evaluate(context))
    if a.nullCount == a.count || b.nullCount == b.count { return .nulls(type, count: a.count) }
    let (left, right) = (ListElements(a), ListElements(b))
    var (lefts, rights, rows): ([Int], [Int], [Int]) = ([], [], [])
    let offsets = Buffer(capacity: (a.count + 1) * 4)
    offsets.typed(Int32.self)[0] = 0
    let missing = Int(Selection.none)
    for row in 0..<a.count {
      let (p, q) = (left.range(row), right.range(row))
      if !a.isNull(row), !b.isNull(row) {
        for index in 0..<max(p.count, q.count) {
          lefts.append(index < p.count ? p.lowerBound + index : missing)
          rights.append(index < q.count ? q.lowerBound + index : missing)
          rows.append(row)
        }
      }
      offsets.typed(Int32.self)[row + 1] = Int32(rows.count)
    }
    let made = try arguments[2].evaluate(
      [
        left.children[0].gathered(Selection(lefts), hasMissing: true),
        right.children[0].gathered(Selection(rights), hasMissing: true),
      ], rows: Selection(rows), in: context)
    let validity = Bitmap.and(a.flat.validity, b.flat.validity, count: a.count)
    return Vector(type, count: a.count, validity: validity, values: offsets, children: [made])
  }
}

@Sendable private func arraySortCall(_ call: FunctionCall) throws -> Expression {
  let type = call.types[0]
  if call.arguments.count == 1 {
    guard type.element.isOrderable else {
      throw call.notOrderable(type.element)
    }
    return call.result(type) { columns, _ in
      if columns[0].nullCount == columns[0].count { return columns[0] }
      let values = columns[0].flat.children[0]
      return rearranged(columns[0]) { range in
        range.sortedStably { a, b in
          values.isNull(a) || values.isNull(b)
            ? (values.isNull(a) ? 1 : 0) - (values.isNull(b) ? 1 : 0)
            : ValueOrder.compare(values, a, values, b)
        }
      }
    }
  }
  let element = (name: "a", type: type.element, isNullable: type.containsNull)
  let comparison = try call.resolvedLambda(1, [element, ("b", element.type, element.isNullable)])
  guard comparison.body.type == .int else {
    throw Failure(
      "DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE",
      "the function of `\(call.name)` must give \"INT\", but gives \"\(comparison.body.type)\"",
      origin: comparison.body.origin ?? call.origin)
  }
  let function = comparison.expression
  return call.with([call[0], function]).guarded(type, canFail: true) { arguments, context in
    let list = try arguments[0].evaluate(context).flat
    if list.nullCount == list.count { return list }
    let elements = ListElements(list)
    let values = elements.children[0]
    let picks = try sortedByComparison(elements, rows: list.count) { firsts, seconds, rows in
      try arguments[1].evaluate(
        [values.gathered(Selection(firsts)), values.gathered(Selection(seconds))],
        rows: Selection(rows), in: context)
    }
    return Vector(
      type, count: list.count, validity: list.validity, values: elements.offsets,
      children: [values.gathered(Selection(picks))])
  }
}

/// The elements in the order that `compare` says, each array for itself. Every round compares each
/// element with one of its run, in all arrays at once, and parts the run by the answers: so there
/// are few rounds, and equal elements stay as they came.
private func sortedByComparison(
  _ elements: ListElements, rows: Int, _ compare: ([Int], [Int], [Int]) throws -> Vector
) throws -> [Int] {
  var order = Array(0..<elements.count)
  var runs = (0..<rows).map { (row: $0, places: elements.range($0)) }.filter { $0.places.count > 1 }
  while !runs.isEmpty {
    var (firsts, seconds, owners): ([Int], [Int], [Int]) = ([], [], [])
    for run in runs {
      let pivot = order[run.places.lowerBound + run.places.count / 2]
      for place in run.places where order[place] != pivot {
        firsts.append(order[place])
        seconds.append(pivot)
        owners.append(run.row)
      }
    }
    let answers = try compare(firsts, seconds, owners)
    if answers.nullCount > 0, let null = (0..<answers.count).first(where: { answers.isNull($0) }) {
      throw RowFailure(
        row: owners[null],
        Failure("COMPARATOR_RETURNS_NULL", "the comparison given to `array_sort` returned NULL"))
    }
    var (next, parted): ([(row: Int, places: Range<Int>)], Int) = ([], 0)
    for run in runs {
      let pivot = order[run.places.lowerBound + run.places.count / 2]
      var (less, same, greater): ([Int], [Int], [Int]) = ([], [], [])
      for place in run.places {
        let answer = order[place] == pivot ? 0 : answers.integer(parted)
        if order[place] != pivot { parted += 1 }
        if answer < 0 {
          less.append(order[place])
        } else if answer > 0 {
          greater.append(order[place])
        } else {
          same.append(order[place])
        }
      }
      order.replaceSubrange(run.places, with: less + same + greater)
      let start = run.places.lowerBound
      let lows = start..<(start + less.count)
      let highs = (lows.upperBound + same.count)..<run.places.upperBound
      next += [lows, highs].filter { $0.count > 1 }.map { (run.row, $0) }
    }
    runs = next
  }
  return order
}
