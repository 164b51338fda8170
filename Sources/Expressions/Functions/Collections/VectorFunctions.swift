import Columns
import Contract

// Arrays of FLOAT as vectors. Sums are taken in DOUBLE, as Spark takes them. A NULL among the
// elements makes the result NULL.

private let vectorParameter = FunctionParameter.column(
  "vector", .exactly(.arrayOf(.float), orNull: false), "an array of FLOAT")
private let otherParameter = FunctionParameter.column(
  "other", .exactly(.arrayOf(.float), orNull: false), "another, as long")
private let degreeParameter = FunctionParameter.value(
  "degree", .exactly(.float, orNull: false), default: "float(2)", filler: (.double(2), .float),
  "1, 2 or float('inf')")

/// The elements of a row; nil where one is NULL.
private func elements(_ list: Vector, _ row: Int) -> UnsafeBufferPointer<Float>? {
  let (range, child) = (list.range(row), list.children[0].flat)
  if child.nullCount > 0, range.contains(where: { child.isNull($0) }) { return nil }
  return UnsafeBufferPointer(start: child.typed(Float.self) + range.lowerBound, count: range.count)
}

private func pairFunction(
  _ name: String, _ summary: String, _ examples: [Example],
  _ body: @escaping @Sendable (UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Double?
) -> FunctionSpec {
  collectionFunction(name, summary, [vectorParameter, otherParameter], returns: "FLOAT", examples) {
    call in
    call.result(.float, nullable: .always, canFail: true) { columns, _ in
      try mappedRows(columns, to: .float) { row, builder in
        guard let a = elements(columns[0], row), let b = elements(columns[1], row) else {
          return builder.appendNull()
        }
        if a.count != b.count {
          throw Failure(
            "VECTOR_DIMENSION_MISMATCH",
            "`\(name)` takes vectors of one length, not of \(a.count) and \(b.count)")
        }
        if let value = body(a, b) { builder.append(double: value) } else { builder.appendNull() }
      }
    }
  }
}

private func inner(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

private func norm(
  _ a: UnsafeBufferPointer<Float>, _ degree: Float, of name: String
) throws -> Double {
  switch degree {
  case 1: return a.reduce(0) { $0 + Double(abs($1)) }
  case 2: return inner(a, a).squareRoot()
  case .infinity:
    return a.reduce(0) { $1.isNaN || $0.isNaN ? .nan : max($0, Double(abs($1))) }
  default:
    throw Failure(
      "INVALID_VECTOR_NORM_DEGREE",
      "the degree of `\(name)` must be 1.0, 2.0 or float('inf'), not \(degree)")
  }
}

/// VECTOR_NORM and its kin.
let vectorFunctions: [FunctionSpec] = [
  pairFunction(
    "vector_inner_product", "The inner product of two vectors.",
    [
      Example("vector_inner_product(array(1F, 2F, 3F), array(4F, 5F, -6F))", "-4.0"),
      Example("vector_inner_product(array(1F, NULL), array(1F, 2F))", "NULL"),
      Example(
        "vector_inner_product(CAST(array() AS ARRAY<FLOAT>), CAST(array() AS ARRAY<FLOAT>))",
        "0.0"),
      Example("vector_inner_product(array(1F), array(1F, 2F))", "error VECTOR_DIMENSION_MISMATCH"),
    ], { inner($0, $1) }),
  pairFunction(
    "vector_cosine_similarity", "The cosine of the angle between two vectors; NULL for one of 0.",
    [
      Example("vector_cosine_similarity(array(1F, 2F), array(1F, 2F))", "1.0"),
      Example("vector_cosine_similarity(array(0F, 0F), array(1F, 2F))", "NULL"),
    ]
  ) { a, b in
    let length = inner(a, a).squareRoot() * inner(b, b).squareRoot()
    return length == 0 ? nil : inner(a, b) / length
  },
  pairFunction(
    "vector_l2_distance", "The Euclidean distance of two vectors.",
    [
      Example("vector_l2_distance(array(1F, 2F), array(4F, 6F))", "5.0"),
      Example("vector_l2_distance(array(1F, NULL), array(4F, 6F))", "NULL"),
    ]
  ) { a, b in
    zip(a, b).reduce(0) { sum, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return sum + difference * difference
    }.squareRoot()
  },
  collectionFunction(
    "vector_norm", "The norm of a vector.", [vectorParameter, degreeParameter], returns: "FLOAT",
    [
      Example("vector_norm(array(3F, -4F))", "5.0"),
      Example("vector_norm(array(3F, -4F), float('inf'))", "4.0"),
      Example("vector_norm(array(3F, NULL))", "NULL"),
      Example("vector_norm(CAST(array() AS ARRAY<FLOAT>))", "0.0"),
      Example("vector_norm(array(3F), 0F)", "error INVALID_VECTOR_NORM_DEGREE"),
    ]
  ) { call in
    call.result(.float, nullable: .always, canFail: true) { columns, _ in
      let degrees = FixedReader<Float>(columns[1])
      return try mappedRows(columns, to: .float) { row, builder in
        guard let vector = elements(columns[0], row) else { return builder.appendNull() }
        builder.append(double: try norm(vector, degrees[row], of: "vector_norm"))
      }
    }
  },
  collectionFunction(
    "vector_normalize", "The vector divided by its norm; NULL for one of norm 0.",
    [vectorParameter, degreeParameter], returns: "ARRAY<FLOAT>",
    [
      Example("vector_normalize(array(3F, -4F))", "[0.6, -0.8]"),
      Example("vector_normalize(array(3F, 4F), 1F)", "[0.42857143, 0.5714286]"),
      Example("vector_normalize(array(0F, 0F))", "NULL"),
      Example("vector_normalize(CAST(array() AS ARRAY<FLOAT>))", "[]"),
      Example("vector_normalize(CAST(NULL AS ARRAY<FLOAT>))", "NULL"),
    ]
  ) { call in
    let type = DataType.array(.float, containsNull: false)
    return call.result(type, nullable: .always, canFail: true) { columns, _ in
      let degrees = FixedReader<Float>(columns[1])
      return try mappedRows(columns, to: type) { row, builder in
        guard let vector = elements(columns[0], row) else { return builder.appendNull() }
        let length = try norm(vector, degrees[row], of: "vector_normalize")
        if length == 0, !vector.isEmpty { return builder.appendNull() }
        for element in vector { builder.children[0].append(double: Double(element) / length) }
        builder.endList()
      }
    }
  },
]
