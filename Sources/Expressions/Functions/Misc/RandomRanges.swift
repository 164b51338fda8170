import Columns
import Contract

/// What a call of `uniform` or `randstr` draws from: Spark's sequence for a seed, else the batch's.
private enum RandomSource {
  case seeded(SparkRandom)
  case ofRow(salt: Int)

  init(_ seed: Int64?, salt: Int, context: EvaluationContext, drawsPerRow: Int) {
    guard let seed else {
      self = .ofRow(salt: salt)
      return
    }
    var random = SparkRandom(seed &+ Int64(context.task.partition))
    random.skip(context.firstRow * drawsPerRow)
    self = .seeded(random)
  }
}

/// The constant seed of a call; NULL is 0.
private func constantSeed(_ call: FunctionCall, _ index: Int) throws -> Int64? {
  guard call.arguments.count > index else { return nil }
  if case .integer(let value) = try call.constant(index) { return value }
  return 0
}

private func nonConstant(_ call: FunctionCall, _ index: Int) -> Bool {
  if case .literal = fold(call[index]).kind { return false }
  return true
}

/// The type of the numbers between two bounds: whole only between whole ones.
private func uniformType(_ a: DataType, _ b: DataType) -> DataType {
  let order: [DataType] = [.byte, .short, .int, .long]
  if a == .null || b == .null { return a == .null ? b : a }
  if let first = order.firstIndex(of: a), let second = order.firstIndex(of: b) {
    return order[max(first, second)]
  }
  if a == .double || b == .double { return .double }
  if a == .float || b == .float { return .float }
  return ImplicitCast.leastCommonType(a, b) ?? .double
}

/// Random numbers and strings between bounds.
let randomRangeFunctions: [FunctionSpec] = [
  .scalar(
    "uniform", category: "miscellaneous", summary: "A random number between two constants.",
    [
      .value("low", .exactly(.numeric), "the least, a constant"),
      .value("high", .exactly(.numeric), "what the numbers stay below, a constant"),
      .value("seed", .exactly(.oneOf([.int, .long])), default: "", "for Spark's own sequence"),
    ], returns: "the wider type of both",
    examples: [
      Example("uniform(10, 20, 0)", "17"), Example("uniform(0, 1000000, 7)", "281881"),
      Example("uniform(-5L, 5, -1)", "-1"), Example("uniform(1.5D, 2, 3)", "1.6286907175298113"),
      Example("uniform(1.5, 2.25, 3)", "1.69"), Example("uniform(1.5F, 2, 3)", "1.6286907"),
      Example("uniform(NULL, 2, 3)", "NULL"),
      Example("uniform(0, 10, NULL)", "7"),
      Example("uniform(-1, -1, 0)", "-1"),
      Example("uniform(NULL, 1)", "NULL"),
      Example("uniform('a', 1)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]
  ) { call in
    if let index = call.arguments.indices.first(where: { nonConstant(call, $0) }) {
      throw call.notConstant(index)
    }
    let type = uniformType(call.types[0], call.types[1])
    let bounds = try (0..<2).map { try call.with([call[$0].cast(to: .double)]).constant(0) }
    guard case .double(let low) = bounds[0], case .double(let high) = bounds[1] else {
      return .literal(.null, type, origin: call.origin)
    }
    let (seed, salt) = (try constantSeed(call, 2), Attribute.newId())
    let drawn = call.with([]).result(.double, nullable: .never, isDeterministic: false) {
      _, context in
      let out = Buffer(capacity: context.count * 8)
      let values = out.typed(Double.self)
      let source = RandomSource(seed, salt: salt, context: context, drawsPerRow: 2)
      for row in 0..<context.count { values[row] = low }
      switch source {
      case .seeded(var random):
        for row in 0..<context.count { values[row] += (high - low) * random.nextDouble() }
      case .ofRow(let salt):
        for row in 0..<context.count {
          var random = RowRandom(context, row: row, salt: salt)
          values[row] += (high - low) * Double(random.next() >> 11) * 0x1p-53
        }
      }
      return Vector(.double, count: context.count, values: out)
    }
    return try drawn.cast(to: type)
  },
  .scalar(
    "randstr", category: "miscellaneous",
    summary: "A random string of so many digits and letters.",
    [
      .value("length", .int, "how many, a constant"),
      .value("seed", .exactly(.oneOf([.int, .long])), default: "", "for Spark's own sequence"),
    ], returns: "STRING",
    examples: [
      Example("randstr(3, 0)", "ceV"), Example("randstr(20, -7)", "Depr54llfLIYZlueswql"),
      Example("randstr(0, 1)", ""),
      Example("randstr(-1, 1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("randstr(-1, 0)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("randstr(0, 0)", ""),
      Example("length(randstr(12))", "12"),
      Example("randstr(NULL)", ""),
    ]
  ) { call in
    if let index = call.arguments.indices.first(where: { nonConstant(call, $0) }) {
      throw call.notConstant(index)
    }
    let given = try call.constant(0)
    guard case .integer(let length) = given.isNull ? .integer(0) : given, length >= 0 else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "the length of `randstr` must not be negative",
        origin: call.origin)
    }
    try requireLength(Int(length), function: "randstr")
    let (seed, salt) = (try constantSeed(call, 1), Attribute.newId())
    return call.with([]).result(.string, nullable: .never, isDeterministic: false) { _, context in
      let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
      let builder = VectorBuilder(.string, capacity: context.count)
      var source = RandomSource(seed, salt: salt, context: context, drawsPerRow: Int(length))
      var text = [UInt8](repeating: 0, count: Int(length))
      for row in 0..<context.count {
        switch source {
        case .seeded(var random):
          for index in text.indices { text[index] = letters[abs(Int(random.nextInt()) % 62)] }
          source = .seeded(random)
        case .ofRow(let salt):
          var random = RowRandom(context, row: row, salt: salt)
          for index in text.indices { text[index] = letters[Int(random.next() % 62)] }
        }
        text.withUnsafeBytes { builder.append(bytes: $0) }
      }
      return builder.finish()
    }
  },
]
