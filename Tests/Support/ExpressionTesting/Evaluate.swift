import Columns
import Contract
import Expressions

/// The value of an expression in SQL text for each row, as `CAST(… AS STRING)` shows it; NULL is
/// "NULL". With no schema the expression is over one row of no columns.
///
/// A failure comes as `error CONDITION`, so that a table of examples can hold both.
public func evaluate(
  _ sql: String, schema: String? = nil, rows: [[Scalar]] = [[]], timeZoneId: String = "UTC"
) -> [String] {
  do {
    return try values(
      try ExpressionParser.parse(sql, timeZoneId: timeZoneId), schema, rows, timeZoneId)
  } catch let failure as Failure {
    return ["error \(failure.condition)"]
  } catch let failure as RowFailure {
    return ["error \(failure.failure.condition)"]
  } catch {
    return ["error \(error)"]
  }
}

/// The same for a tree, and throwing.
public func values(
  _ unresolved: UnresolvedExpression, _ schema: String?, _ rows: [[Scalar]], _ timeZoneId: String
) throws -> [String] {
  let vector = try evaluated(unresolved, schema, rows, timeZoneId)
  var text = ValueText(zone: try TimeZone.named(timeZoneId))
  return (0..<vector.count).map { row in
    if vector.isNull(row) { return "NULL" }
    var bytes: [UInt8] = []
    text.append(vector, row, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The column that a tree makes of the rows.
public func evaluated(
  _ unresolved: UnresolvedExpression, _ schema: String?, _ rows: [[Scalar]], _ timeZoneId: String
) throws -> Vector {
  let (batch, input) = try table(schema, rows)
  let resolved = try resolve(unresolved, input, timeZoneId)
  let task = TaskContext(
    batchTimeUs: 1_704_110_400_000_000, seed: 42, timeZoneId: timeZoneId)
  return try CompiledExpression(resolved, input: input)
    .evaluate(EvaluationContext(batch, task: task))
}

/// Rows as a batch, and its columns.
public func table(_ schema: String?, _ rows: [[Scalar]]) throws -> (Batch, [Attribute]) {
  let fields = try schema.map { try Schema(ddl: $0).fields } ?? []
  let columns = fields.indices.map { index in
    let builder = VectorBuilder(fields[index].type)
    for row in rows { builder.append(row[index]) }
    return builder.finish()
  }
  let attributes = fields.map { Attribute($0.name, $0.type, isNullable: $0.isNullable) }
  return (Batch(columns, count: rows.count), attributes)
}

/// A tree resolved over columns, with the built-in functions.
public func resolve(
  _ unresolved: UnresolvedExpression, _ input: [Attribute], _ timeZoneId: String = "UTC"
) throws -> Expression {
  try ExpressionResolver(
    scope: ColumnScope(input), functions: .builtIn,
    session: ExpressionSession(timeZoneId: timeZoneId)
  ).resolve(unresolved)
}
