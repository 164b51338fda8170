import Columns
import Contract

/// A bitmap of these functions covers so many numbers.
let bitmapBits = 4096 * 8

private func bitmap(
  _ name: String, _ summary: String, _ parameter: FunctionParameter, _ examples: [Example],
  kernel: @escaping @Sendable ([Vector], EvaluationContext) throws -> Vector
) -> FunctionSpec {
  .scalar(
    name, category: "miscellaneous", summary: summary, [parameter], returns: .long,
    canFail: true, examples: examples, kernel: kernel)
}

private let number = FunctionParameter.column("number", .long, "the number")

private func bitmapAggregate(
  _ name: String, _ summary: String, _ accepts: AcceptedType,
  _ operation: BitmapAccumulator
    .Operation, _ examples: [Example]
) -> FunctionSpec {
  .function(
    .aggregate, name, category: "aggregates", summary: summary,
    [.column("value", accepts, operation == .construct ? "positions of bits" : "bitmaps")],
    returns: "BINARY", examples: examples
  ) { $0.aggregate(BitmapAccumulator.function(name, operation)) }
}

/// Sets of numbers as bitmaps, so that distinct numbers are counted exactly and partial counts
/// merge.
let bitmapFunctions: [FunctionSpec] = [
  bitmap(
    "bitmap_bit_position", "The place of the number's bit in the bitmap of its bucket.", number,
    [
      Example("bitmap_bit_position(1)", "0"), Example("bitmap_bit_position(123)", "122"),
      Example("bitmap_bit_position(0)", "0"), Example("bitmap_bit_position(-7)", "7"),
      Example("bitmap_bit_position(32769)", "0"), Example("bitmap_bit_position(NULL)", "NULL"),
      Example("bitmap_bit_position(-1)", "1"),
      Example("bitmap_bit_position(9223372036854775807)", "32766"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .long) { (value: Int64) in
      // The least number has no positive counterpart: its rest is 0.
      value > 0 ? (value - 1) % Int64(bitmapBits) : (0 &- value) % Int64(bitmapBits)
    }
  },
  bitmap(
    "bitmap_bucket_number", "The bucket of the number: a bitmap covers 32768 numbers.", number,
    [
      Example("bitmap_bucket_number(123)", "1"), Example("bitmap_bucket_number(0)", "0"),
      Example("bitmap_bucket_number(-32769)", "-1"), Example("bitmap_bucket_number(32769)", "2"),
      Example("bitmap_bucket_number(NULL)", "NULL"),
      Example("bitmap_bucket_number(-1)", "0"),
      Example("bitmap_bucket_number(9223372036854775807)", "281474976710656"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .long) { (value: Int64) in
      value > 0 ? 1 + (value - 1) / Int64(bitmapBits) : value / Int64(bitmapBits)
    }
  },
  bitmap(
    "bitmap_count", "How many bits of the bitmap are set.",
    .column("bitmap", .exactly(.binary, orNull: false), "the bitmap"),
    [
      Example("bitmap_count(X'1010')", "2"), Example("bitmap_count(X'FFFF')", "16"),
      Example("bitmap_count(X'')", "0"),
      Example("bitmap_count('ab')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("bitmap_count(NULL)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .long) { (bytes: Bytes) in
      Int64(bytes.reduce(0) { $0 + $1.nonzeroBitCount })
    }
  },
  bitmapAggregate(
    "bitmap_construct_agg", "A bitmap with the bits at the given positions set.", .long,
    .construct,
    [
      Example(
        "substring(hex(bitmap_construct_agg(bitmap_bit_position(a))), 1, 6) "
          + "FROM VALUES (1), (2), (3), (NULL)", "070000"),
      Example("bitmap_count(bitmap_construct_agg(a)) FROM VALUES (0), (32767), (0)", "2"),
      Example("bitmap_count(X'FF00FF')", "16"),
      Example("length(bitmap_construct_agg(a)) FROM VALUES (CAST(NULL AS BIGINT))", "4096"),
      Example("bitmap_construct_agg(a) FROM VALUES (32768)", "error INVALID_BITMAP_POSITION"),
    ]),
  bitmapAggregate(
    "bitmap_or_agg", "The union of bitmaps.", .exactly(.binary, orNull: false), .or,
    [
      Example("substring(hex(bitmap_or_agg(a)), 1, 6) FROM VALUES (X'10'), (X'2001')", "300100"),
      Example("length(bitmap_or_agg(a)) FROM VALUES (X'10'), (NULL)", "4096"),
    ]),
  bitmapAggregate(
    "bitmap_and_agg", "What bitmaps have in common.", .exactly(.binary, orNull: false), .and,
    [
      Example(
        "substring(hex(bitmap_and_agg(a)), 1, 6) FROM VALUES (X'F0'), (X'70'), (NULL)", "700000"),
      Example("substring(hex(bitmap_and_agg(a)), 1, 6) FROM VALUES (X'F0FF'), (X'70')", "700000"),
    ]),
]
