import Columns
import Contract

private func booleans(
  _ name: String, _ examples: [Example], aliases: [String], _ summary: String, isMax: Bool
)
  -> FunctionSpec
{
  aggregate(
    name, aliases: aliases, summary, [.column("condition", .boolean, "the condition")],
    returns: "BOOLEAN",
    examples
  ) { $0.aggregate(Extremes.function(name, .boolean, isMax: isMax)) }
}

private func bits<Fold: IntegerFold>(
  _ name: String, _ examples: [Example], _ summary: String, _: Fold.Type
) -> FunctionSpec {
  aggregate(
    name, summary, [.column("value", .integral, "the values")], returns: "the type of `value`",
    examples
  ) { $0.aggregate(IntegerFoldAccumulator<Fold>.function(name, $0.types[0])) }
}

/// Booleans, bits, joined strings.
let logicalAggregates: [FunctionSpec] = [
  booleans(
    "bool_and",
    [
      Example("bool_and(a) FROM VALUES (true), (false), (true)", "false"),
      Example("bool_and(a) FROM VALUES (NULL), (true)", "true"),
      Example("bool_and(a) FROM VALUES (NULL), (NULL)", "NULL"),
      Example("bool_and(CAST(a AS BOOLEAN)) FROM VALUES (NULL)", "NULL"),
      Example("bool_and(CAST(a AS BOOLEAN)) FROM VALUES (-1), (0)", "false"),
      Example("bool_and(CAST(a AS BOOLEAN)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ], aliases: ["every"], "Whether the condition is true in every row.", isMax: false),
  booleans(
    "bool_or",
    [
      Example("bool_or(a) FROM VALUES (true), (false), (true)", "true"),
      Example("bool_or(a) FROM VALUES (NULL), (true)", "true"),
      Example("bool_or(a) FROM VALUES (NULL), (NULL)", "NULL"),
      Example("bool_or(CAST(a AS BOOLEAN)) FROM VALUES (NULL)", "NULL"),
      Example("bool_or(CAST(a AS BOOLEAN)) FROM VALUES (-1), (0)", "true"),
      Example("bool_or(CAST(a AS BOOLEAN)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ], aliases: ["some", "any"], "Whether the condition is true in some row.", isMax: true),
  bits(
    "bit_and",
    [
      Example("bit_and(a) FROM VALUES (3), (5), (NULL)", "1"),
      Example("bit_and(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("bit_and(CAST(a AS INT)) FROM VALUES (-1), (0)", "0"),
      Example("bit_and(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("bit_and(a) FROM VALUES (-1), (9223372036854775807)", "9223372036854775807"),
    ], "The bitwise AND of the values that are not NULL.", BitwiseAnd.self),
  bits(
    "bit_or",
    [
      Example("bit_or(a) FROM VALUES (3), (5), (NULL)", "7"),
      Example("bit_or(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("bit_or(CAST(a AS INT)) FROM VALUES (-1), (0)", "-1"),
      Example("bit_or(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("bit_or(a) FROM VALUES (-1), (9223372036854775807)", "-1"),
    ], "The bitwise OR of the values that are not NULL.", BitwiseOr.self),
  bits(
    "bit_xor",
    [
      Example("bit_xor(a) FROM VALUES (3), (5), (NULL)", "6"),
      Example("bit_xor(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("bit_xor(CAST(a AS INT)) FROM VALUES (-1), (0)", "-1"),
      Example("bit_xor(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("bit_xor(a) FROM VALUES (-1), (9223372036854775807)", "-9223372036854775808"),
    ], "The bitwise XOR of the values that are not NULL.", BitwiseXor.self),
  aggregate(
    "listagg", aliases: ["string_agg"], "The strings that are not NULL, joined.",
    [
      .column("value", .stringOrBinary, "the strings"),
      .value(
        "delimiter", .stringOrBinary, default: "''", filler: (.text(""), .string),
        "what comes between two"),
    ], returns: "STRING",
    [
      Example("listagg(a) FROM VALUES ('a'), ('b'), (NULL), ('c')", "abc"),
      Example("listagg(a, ', ') FROM VALUES ('a'), ('b'), (NULL), ('c')", "a, b, c"),
      Example("listagg(a, '-') FROM VALUES (''), ('é'), ('漢')", "-é-漢"),
      Example("listagg(CAST(a AS STRING)) FROM VALUES (NULL)", "NULL"),
      Example("listagg(a) FROM VALUES (-1), (2)", "-12"),
    ]
  ) { call in
    var delimiter: [UInt8] = []
    if case .bytes(let bytes) = try call.constant(1) { delimiter = bytes }
    let keys = call.ordering
    let isOfItself = keys.count == 1 && "\(keys[0].expression)" == "\(call[0])"
    if call.isDistinct, !keys.isEmpty, !isOfItself {
      throw Failure(
        "INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT",
        "`listagg` of DISTINCT values can be ordered by these values only", origin: call.origin)
    }
    let columns = isOfItself ? [] : keys.map(\.expression)
    return call.aggregate(
      ListAggregate.function(
        "listagg", call.types[0], delimiter: delimiter, keys: columns.map(\.type),
        orders: keys.map(\.order)), over: [call[0]] + columns)
  },
]
