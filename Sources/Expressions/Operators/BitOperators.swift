import Columns
import Contract

/// `&`, `|`, `^`, `~` and the shifts.
let bitFunctions: [FunctionSpec] = [
  bits(
    "&", "The bits set in both.", "5 & 3", "1", { $0 & $1 }, { $0 & $1 }, { $0 & $1 }, { $0 & $1 }),
  bits(
    "|", "The bits set in either.", "5 | 3", "7", { $0 | $1 }, { $0 | $1 }, { $0 | $1 }, { $0 | $1 }
  ),
  bits(
    "^", "The bits set in one of both.", "5 ^ 3", "6", { $0 ^ $1 }, { $0 ^ $1 }, { $0 ^ $1 },
    { $0 ^ $1 }),
  .scalar(
    "~", aliases: ["bitwise_not"], category: "operators", summary: "The bits turned over.",
    [.column("a", .integral, "an integer")], returns: "the type of `a`",
    examples: [Example("~0", "-1")]
  ) { call in
    let type = call.types[0]
    return call.result(type, notation: .custom { "~\($0[0])" }) { columns, _ in
      switch type {
      case .byte: try mapped(columns[0], to: type) { (x: Int8) in ~x }
      case .short: try mapped(columns[0], to: type) { (x: Int16) in ~x }
      case .int: try mapped(columns[0], to: type) { (x: Int32) in ~x }
      default: try mapped(columns[0], to: type) { (x: Int64) in ~x }
      }
    }
  },
  shift(
    "shiftleft", "<<", "Shifts bits left.", "shiftleft(2, 1)", "4", { $0 &<< $1 },
    { $0 &<< Int64($1) }),
  shift(
    "shiftright", ">>", "Shifts bits right, keeping the sign.", "shiftright(-4, 1)", "-2",
    { $0 &>> $1 }, { $0 &>> Int64($1) }),
  shift(
    "shiftrightunsigned", ">>>", "Shifts bits right, filling with zeros.",
    "shiftrightunsigned(-4, 1)", "2147483646",
    { Int32(bitPattern: UInt32(bitPattern: $0) &>> UInt32(bitPattern: $1)) },
    { Int64(bitPattern: UInt64(bitPattern: $0) &>> UInt64(truncatingIfNeeded: $1)) }),
]

@inline(__always)
private func bits(
  _ sign: String, _ summary: String, _ code: String, _ result: String,
  _ byte: @escaping @Sendable (Int8, Int8) -> Int8,
  _ short: @escaping @Sendable (Int16, Int16) -> Int16,
  _ int: @escaping @Sendable (Int32, Int32) -> Int32,
  _ long: @escaping @Sendable (Int64, Int64) -> Int64
) -> FunctionSpec {
  .scalar(
    sign, category: "operators", summary: summary,
    [.column("a", .any, "an integer"), .column("b", .any, "an integer")],
    returns: "the wider type", examples: [Example(code, result)]
  ) { given in
    let isNothing = given.types.allSatisfy { $0 == .null }
    let common: DataType? = isNothing ? .int : ImplicitCast.leastCommonType(given.types)
    guard let type = common, type.isInteger else {
      throw refusedOperands(given, sign, wants: "integers")
    }
    let call = given.with(given.arguments.map { $0.implicitlyCast(to: type) })
    return call.result(type, notation: .infix) { columns, _ in
      switch type {
      case .byte: try mapped(columns[0], columns[1], to: type, byte)
      case .short: try mapped(columns[0], columns[1], to: type, short)
      case .int: try mapped(columns[0], columns[1], to: type, int)
      default: try mapped(columns[0], columns[1], to: type, long)
      }
    }
  }
}

@inline(__always)
private func shift(
  _ name: String, _ sign: String, _ summary: String, _ code: String, _ result: String,
  _ int: @escaping @Sendable (Int32, Int32) -> Int32,
  _ long: @escaping @Sendable (Int64, Int32) -> Int64
) -> FunctionSpec {
  .scalar(
    name, aliases: [sign], category: "numbers", summary: summary,
    [
      .column("a", .oneOf([.int, .long]), "an integer"), .value("count", .int, "how many places"),
    ], returns: "the type of `a`", examples: [Example(code, result)]
  ) { call in
    let type = call.types[0]
    let notation: ScalarFunction.Notation =
      call.name == sign ? .infix : .call
    return call.result(type, notation: notation) { columns, _ in
      type == .int
        ? try mapped(columns[0], columns[1], to: type, int)
        : try mapped(columns[0], columns[1], to: type, long)
    }
  }
}
