import Columns
import Contract
import Glibc

private func misc(
  _ name: String, aliases: [String] = [], _ summary: String, _ parameters: [FunctionParameter],
  isVariadic: Bool = false, returns: String, _ examples: [Example], notes: String = "",
  bind: @escaping @Sendable (FunctionCall) throws -> Expression
) -> FunctionSpec {
  .scalar(
    name, aliases: aliases, category: "miscellaneous", summary: summary, parameters,
    isVariadic: isVariadic, returns: returns, examples: examples, notes: notes, bind: bind)
}

private func hashFunction(
  _ name: String, _ type: DataType, _ summary: String, _ examples: [Example],
  _ fold: @escaping @Sendable (Vector, UnsafeMutablePointer<UInt64>, Int) -> Void
) -> FunctionSpec {
  misc(
    name, summary, [.column("columns", .any, "what is hashed")], isVariadic: true,
    returns: "\(type)", examples
  ) { call in
    if call.arguments.isEmpty { throw call.wrongCount(expected: "at least 1") }
    if call.types.contains(where: \.containsMap) {
      throw Failure(
        "DATATYPE_MISMATCH.HASH_MAP_TYPE", "`\(name)` does not take a MAP or what contains one",
        origin: call.origin)
    }
    return call.result(type, nullable: .never) { columns, context in
      let out = Buffer(capacity: context.count * 8)
      let hashes = out.typed(UInt64.self)
      hashes.update(repeating: 42, count: context.count)
      for column in columns { fold(column, hashes, context.count) }
      return Vector(.long, count: context.count, values: out).narrowed(to: type)
    }
  }
}

private let seed = FunctionParameter.value(
  "seed", .long, default: "", "a constant, for Spark's own sequence")

private func randomFunction(
  _ name: String, aliases: [String] = [], _ summary: String, _ examples: [Example],
  sequence: @escaping @Sendable (inout SparkRandom) -> Double,
  skip: @escaping @Sendable (inout SparkRandom, Int) -> Void,
  row: @escaping @Sendable (inout RowRandom) -> Double
) -> FunctionSpec {
  misc(
    name, aliases: aliases, summary, [seed], returns: "DOUBLE", examples,
    notes: "Without a seed the numbers come from the batch's own, so that its replay repeats them."
  ) { call in
    let salt = Attribute.newId()
    var seed: Int64?
    if !call.arguments.isEmpty {
      if case .integer(let value) = try call.constant(0) { seed = value } else { seed = 0 }
    }
    let start = seed
    return call.result(.double, nullable: .never, isDeterministic: false) { _, context in
      let out = Buffer(capacity: context.count * 8)
      let values = out.typed(Double.self)
      if let start {
        var random = SparkRandom(start &+ Int64(context.task.partition))
        skip(&random, context.firstRow)
        for index in 0..<context.count { values[index] = sequence(&random) }
      } else {
        for index in 0..<context.count {
          var random = RowRandom(context, row: index, salt: salt)
          values[index] = row(&random)
        }
      }
      return Vector(.double, count: context.count, values: out)
    }
  }
}

private func unit(_ random: inout RowRandom) -> Double {
  Double(random.next() >> 11) * 0x1p-53
}

private func raise(_ text: String) -> Failure { Failure("USER_RAISED_EXCEPTION", text) }

/// Hashes, random numbers, what the batch knows of itself.
let miscellaneousFunctions: [FunctionSpec] = [
  hashFunction(
    "hash", .int, "A hash of the arguments (Murmur3 of 32 bits).",
    [
      Example("hash(map(1, 2))", "error DATATYPE_MISMATCH.HASH_MAP_TYPE"),
      Example("hash('Spark', array(123), 2)", "-1321691492"), Example("hash(NULL)", "42"),
      Example("hash(1L, 2.5d, true, 'é', -0.0d)", "227698232"),
      Example(
        "hash(1.5, CAST(12345678901234567890.5 AS DECIMAL(30, 2)), date'2024-01-01')", "-1629402237"
      ), Example("hash(struct(1, 'abcde'))", "79092290"),
      Example("hash('', array())", "142593372"),
      Example("hash('')", "142593372"),
      Example("hash('é')", "2119106806"),
      Example("hash(-1)", "-1604776387"),
      Example("hash(double('NaN'))", "-1281358385"),
      Example("hash(-0.0d)", "-1670924195"),
    ]
  ) { Murmur3.fold($0, into: $1, count: $2) },
  hashFunction(
    "xxhash64", .long, "A hash of the arguments (XXH64).",
    [
      Example("xxhash64('Spark', array(123), 2)", "5602566077635097486"),
      Example("xxhash64(NULL)", "42"),
      Example("xxhash64(repeat('abc', 30), 1.5f)", "-3419151454774360446"),
      Example("xxhash64('')", "-7444071767201028348"),
      Example("xxhash64('é')", "2065146811275570100"),
      Example("xxhash64(-1)", "2017008487422258757"),
      Example("xxhash64(9223372036854775807)", "-3246596055638297850"),
    ]
  ) { XXHash64.fold($0, into: $1, count: $2) },
  misc(
    "typeof", "The type of the argument, as DDL writes it.", [.column("value", .any, "any value")],
    returns: "STRING",
    [
      Example("typeof(1)", "int"), Example("typeof(array(1))", "array<int>"),
      Example(
        "typeof(named_struct('a', 1, 'b', map('x', 1.5)))",
        "struct<a:int,b:map<string,decimal(2,1)>>"),
      Example("typeof(NULL)", "void"),
      Example(
        "typeof(timestamp'2024-01-01 00:00:00' - timestamp'2023-01-01 00:00:00')",
        "interval day to second"),
    ]
  ) { call in .literal(.text(call.types[0].simpleString), .string, origin: call.origin) },
  misc(
    "version", "The version of the engine.", [], returns: "STRING",
    [Example("length(version()) > 0", "true")]
  ) { call in .literal(.text(Version.text), .string, origin: call.origin) },
  misc(
    "current_user", aliases: ["user", "session_user"], "The user whose process this is.", [],
    returns: "STRING", [Example("length(current_user()) > 0", "true")]
  ) { call in
    let name = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(geteuid())"
    return .literal(.text(name), .string, origin: call.origin)
  },
  misc(
    "current_catalog", "The catalog: there is one.", [], returns: "STRING",
    [Example("current_catalog()", "spark_catalog")]
  ) { call in .literal(.text("spark_catalog"), .string, origin: call.origin) },
  misc(
    "current_database", aliases: ["current_schema"], "The database: there is one.", [],
    returns: "STRING", [Example("current_database()", "default")]
  ) { call in .literal(.text("default"), .string, origin: call.origin) },
  misc(
    "raise_error", "Raises an error with a message.",
    [.column("message", .string, "the message")], returns: "VOID",
    [
      Example("raise_error('custom error message')", "error USER_RAISED_EXCEPTION"),
      Example("raise_error('')", "error USER_RAISED_EXCEPTION"),
      Example("raise_error('é')", "error USER_RAISED_EXCEPTION"),
      Example("raise_error(NULL)", "error USER_RAISED_EXCEPTION"),
    ]
  ) { call in
    call.result(.null, nullable: .always, isDeterministic: false, canFail: true) {
      columns, context in
      if context.count == 0 { return .nulls(.null, count: 0) }
      throw RowFailure(row: 0, raise(columns[0].scalar(0).text ?? "null"))
    }
  },
  misc(
    "assert_true", "Raises an error when a condition is not true; else NULL.",
    [
      .column("condition", .exactly(.boolean), "the condition"),
      .column("message", .string, default: "", "the message"),
    ], returns: "VOID",
    [
      Example("assert_true(0 < 1)", "NULL"),
      Example("assert_true(0 > 1)", "error USER_RAISED_EXCEPTION"),
      Example("assert_true(NULL, 'no')", "error USER_RAISED_EXCEPTION"),
      Example("assert_true(NULL)", "error USER_RAISED_EXCEPTION"),
      Example("assert_true(1 > 2, 'é')", "error USER_RAISED_EXCEPTION"),
      Example("assert_true(1 > 2, '')", "error USER_RAISED_EXCEPTION"),
    ]
  ) { call in
    let text = "'\(call[0].sqlText)' is not true!"
    return call.result(.null, nullable: .always, isDeterministic: false, canFail: true) {
      columns, context in
      for row in 0..<context.count where columns[0].isNull(row) || !columns[0].boolean(row) {
        let message = columns.count > 1 ? columns[1].scalar(row).text ?? "null" : text
        throw RowFailure(row: row, raise(message))
      }
      return .nulls(.null, count: context.count)
    }
  },
  randomFunction(
    "rand", aliases: ["random"], "A random number from 0 to 1, 1 excluded.",
    [
      Example("rand(0)", "0.7604953758285915"), Example("rand(-7)", "0.14773215621571878"),
      Example("rand(NULL)", "0.7604953758285915"),
    ],
    sequence: { $0.nextDouble() }, skip: { $0.skipDoubles($1) }, row: { unit(&$0) }),
  randomFunction(
    "randn", "A random number of the standard normal distribution.",
    [Example("randn(0)", "1.6034991609278433"), Example("randn(42)", "2.384479054241165")],
    sequence: { $0.nextGaussian() },
    // A number takes as many draws as it happens to need.
    skip: { for _ in 0..<$1 { _ = $0.nextGaussian() } },
    row: { (-2 * log(1 - unit(&$0))).squareRoot() * cos(2 * Double.pi * unit(&$0)) }),
  misc(
    "uuid", "A random UUID.", [], returns: "STRING", [Example("length(uuid())", "36")],
    notes: "It comes from the batch's seed, so that its replay repeats it."
  ) { call in
    let salt = Attribute.newId()
    return call.result(.string, nullable: .never, isDeterministic: false) { _, context in
      let builder = VectorBuilder(.string, capacity: context.count)
      for row in 0..<context.count {
        var random = RowRandom(context, row: row, salt: salt)
        builder.append(text: uuid(random.next(), random.next()))
      }
      return builder.finish()
    }
  },
  misc(
    "monotonically_increasing_id",
    "A number that grows from row to row and is never repeated in a batch.",
    [], returns: "BIGINT", [Example("monotonically_increasing_id()", "0")],
    notes: "The partition lies in the upper 31 bits, the row in the lower 33."
  ) { call in
    call.result(.long, nullable: .never, isDeterministic: false) { _, context in
      let out = Buffer(capacity: context.count * 8)
      let first = Int64(context.task.partition) << 33 + Int64(context.firstRow)
      for row in 0..<context.count { out.typed(Int64.self)[row] = first + Int64(row) }
      return Vector(.long, count: context.count, values: out)
    }
  },
  misc(
    "spark_partition_id", "The number of the partition or split that is being computed.", [],
    returns: "INT", [Example("spark_partition_id()", "0")]
  ) { call in
    call.result(.int, nullable: .never, isDeterministic: false) { _, context in
      .constant(.integer(Int64(context.task.partition)), .int, count: context.count)
    }
  },
  misc(
    "input_file_name", "The file or partition being read; empty where there is none.", [],
    returns: "STRING", [Example("input_file_name()", "")]
  ) { call in
    call.result(.string, nullable: .never, isDeterministic: false) { _, context in
      .constant(.text(context.task.inputName), .string, count: context.count)
    }
  },
]

private func uuid(_ high: UInt64, _ low: UInt64) -> String {
  // Version 4, variant 1.
  let (a, b) = (high & ~0xF000 | 0x4000, low & ~(0xC0 << 56) | 0x80 << 56)
  func hex(_ word: UInt64, _ shift: UInt64, _ digits: Int) -> String {
    let text = String(word >> shift & (1 << UInt64(digits * 4) - 1), radix: 16)
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }
  return [hex(a, 32, 8), hex(a, 16, 4), hex(a, 0, 4), hex(b, 48, 4), hex(b, 0, 12)]
    .joined(separator: "-")
}
