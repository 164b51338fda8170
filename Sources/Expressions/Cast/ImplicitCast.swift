import Columns
import Contract

/// What a parameter of a function takes. An argument of another type is cast where Spark's ANSI
/// rules allow it without being asked, and refused otherwise.
public indirect enum AcceptedType: Sendable {
  case any
  /// This very type (of an array, map or struct: the same shape, whatever its nullability).
  case type(DataType)
  case integral, numeric, fractional
  /// Any DECIMAL; an integer becomes the DECIMAL that holds it.
  case decimal
  /// TIMESTAMP or TIMESTAMP_NTZ.
  case anyTimestamp
  case dayTimeInterval, yearMonthInterval
  /// Any type that has an order.
  case orderable
  case arrayOf(AcceptedType)
  case anyMap, anyStructure
  /// The first of these that the argument can be cast to.
  case oneOf([AcceptedType])
  /// What the other accepts as it is, and mostly NULL: nothing is cast.
  case exactly(AcceptedType, orNull: Bool = true)
  /// What the first accepts as it is, and NULL, cast to the second.
  case limited(to: AcceptedType, as: AcceptedType)

  public static let boolean = AcceptedType.type(.boolean)
  public static let int = AcceptedType.type(.int)
  public static let long = AcceptedType.type(.long)
  public static let float = AcceptedType.type(.float)
  public static let double = AcceptedType.type(.double)
  public static let string = AcceptedType.type(.string)
  public static let binary = AcceptedType.type(.binary)
  public static let date = AcceptedType.type(.date)
  public static let timestamp = AcceptedType.type(.timestamp)
  public static let timestampNtz = AcceptedType.type(.timestampNtz)
  public static let anyArray = AcceptedType.arrayOf(.any)
  public static let stringOrBinary = AcceptedType.oneOf([.string, .binary])

  /// Whether an argument of this type is taken as it is.
  public func accepts(_ type: DataType) -> Bool {
    switch self {
    case .any: true
    case .type(let wanted): wanted == type || wanted.hasSameShape(as: type)
    case .integral: type.isInteger
    case .numeric: type.isNumeric
    case .fractional: type.isFraction || type.isDecimal
    case .decimal: type.isDecimal
    case .anyTimestamp: type == .timestamp || type == .timestampNtz
    case .dayTimeInterval: if case .dayTimeInterval = type { true } else { false }
    case .yearMonthInterval: if case .yearMonthInterval = type { true } else { false }
    case .orderable: type.isOrderable
    case .arrayOf(let element):
      if case .array(let own, _) = type { element.accepts(own) } else { false }
    case .anyMap: if case .map = type { true } else { false }
    case .anyStructure: if case .structure = type { true } else { false }
    case .oneOf(let choices): choices.contains { $0.accepts(type) }
    case .exactly(let accepted, _): accepted.accepts(type)
    case .limited(_, let wanted): wanted.accepts(type)
    }
  }

  /// The type that a value nobody typed (a bare NULL) gets here.
  public var concreteType: DataType {
    switch self {
    case .any, .orderable: .null
    case .type(let type): type
    case .integral: .int
    case .numeric, .fractional: .double
    case .decimal: .decimal(precision: 38, scale: 18)
    case .anyTimestamp: .timestamp
    case .dayTimeInterval: .dayToSecond
    case .yearMonthInterval: .yearToMonth
    case .arrayOf(let element): .array(element.concreteType, containsNull: true)
    case .anyMap: .map(.null, .null, valueContainsNull: true)
    case .anyStructure: .structure([])
    case .oneOf(let choices): choices[0].concreteType
    case .exactly(let accepted, _): accepted.concreteType
    case .limited(_, let wanted): wanted.concreteType
    }
  }

  /// The name that an error message gives it, as Spark's.
  public var text: String {
    switch self {
    case .any: "any type"
    case .type(let type): "\"\(type)\""
    case .integral: "\"INTEGRAL\""
    case .numeric: "\"NUMERIC\""
    case .fractional: "\"FRACTIONAL\""
    case .decimal: "\"DECIMAL\""
    case .anyTimestamp: "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\")"
    case .dayTimeInterval: "\"INTERVAL DAY TO SECOND\""
    case .yearMonthInterval: "\"INTERVAL YEAR TO MONTH\""
    case .orderable: "an orderable type"
    case .arrayOf(.any): "\"ARRAY\""
    case .arrayOf(let element): "\"ARRAY\" of \(element.text)"
    case .anyMap: "\"MAP\""
    case .anyStructure: "\"STRUCT\""
    case .oneOf(let choices): "(" + choices.map(\.text).joined(separator: " or ") + ")"
    case .exactly(let accepted, _): accepted.text
    case .limited(let limit, _): limit.text
    }
  }
}

/// Which types turn into which without being asked: Spark's ANSI type coercion.
public enum ImplicitCast {
  /// The type that an argument of type `type` is cast to for a parameter, or nil where none is.
  public static func type(for accepted: AcceptedType, from type: DataType) -> DataType? {
    if accepted.accepts(type) { return type }
    switch accepted {
    case .exactly(_, let orNull):
      return orNull && type == .null ? accepted.concreteType : nil
    case .limited(let limit, let wanted):
      return limit.accepts(type) || type == .null ? self.type(for: wanted, from: type) : nil
    case .decimal where type.isInteger: return type.asDecimal
    case .integral where type.isFraction || type.isDecimal: return nil
    case .type(let wanted) where type == .string && !wanted.isNested && wanted != .null:
      return wanted.isInterval || wanted == .calendarInterval ? nil : wanted
    case .numeric where type == .string, .fractional where type == .string: return .double
    case .decimal where type == .string: return accepted.concreteType
    case .anyTimestamp where type == .string: return .timestamp
    case .oneOf(let choices):
      for choice in choices {
        if let found = self.type(for: choice, from: type) { return found }
      }
      return nil
    case .orderable: return nil
    case .arrayOf(let element):
      if case .array(let own, _) = type, let found = self.type(for: element, from: own) {
        return .array(found, containsNull: true)
      }
    default: break
    }
    let wanted = accepted.concreteType
    return canStoreAssign(type, to: wanted) ? wanted : nil
  }

  /// Whether SQL may assign a value of one type to a column of another.
  public static func canStoreAssign(_ from: DataType, to: DataType) -> Bool {
    if from == to { return true }
    switch (from, to) {
    case (.null, _): return true
    case (.array(let a, let aNull), .array(let b, let bNull)):
      return (bNull || !aNull) && canStoreAssign(a, to: b)
    case (.map(let ak, let av, let aNull), .map(let bk, let bv, let bNull)):
      return (bNull || !aNull) && canStoreAssign(ak, to: bk) && canStoreAssign(av, to: bv)
    case (.structure(let a), .structure(let b)):
      return a.count == b.count
        && zip(a, b).allSatisfy {
          ($1.isNullable || !$0.isNullable) && $0.name == $1.name
            && canStoreAssign($0.type, to: $1.type)
        }
    default: break
    }
    if from.isNested || to.isNested { return false }
    if from.isNumeric && to.isNumeric { return true }
    if to == .string { return true }
    return from.isDatetime && to.isDatetime
  }

  /// The one type that all of several types turn into, as for `coalesce`, CASE, `array`, `in`.
  public static func leastCommonType(_ types: [DataType]) -> DataType? {
    var common = DataType.null
    for type in types {
      guard let wider = leastCommonType(common, type) else { return nil }
      common = wider
    }
    return common
  }

  /// The type that two types turn into, widening as little as can be; strings give way.
  public static func leastCommonType(_ a: DataType, _ b: DataType) -> DataType? {
    tightestCommonType(a, b) ?? widerDecimal(a, b) ?? widerOfString(a, b)
      ?? widerNested(a, b) { leastCommonType($0, $1) }
  }

  /// The type in which two values are compared: a string inside of a nested type gives way to
  /// nothing.
  static func comparisonType(_ a: DataType, _ b: DataType) -> DataType? {
    tightestCommonType(a, b) ?? widerDecimal(a, b) ?? widerOfString(a, b)
  }

  /// As `leastCommonType`, without strings.
  public static func commonTypeWithoutStrings(
    _ a: DataType, _ b: DataType, keepsFloat: Bool = false
  ) -> DataType? {
    tightestCommonType(a, b, keepsFloat: keepsFloat) ?? widerDecimal(a, b)
      ?? widerNested(a, b) { commonTypeWithoutStrings($0, $1, keepsFloat: keepsFloat) }
  }

  /// As `leastCommonType`, without strings and without losing digits. `keepsFloat`: an integer
  /// beside a FLOAT becomes one, as the rules before ANSI have it, which arrays and VALUES follow.
  public static func tightestCommonType(
    _ a: DataType, _ b: DataType, keepsFloat: Bool = false
  ) -> DataType? {
    if a == b { return a }
    if a == .null { return b }
    if b == .null { return a }
    if a.isInteger, b.isDecimal { return b.holds(a) ? b : nil }
    if a.isDecimal, b.isInteger { return a.holds(b) ? a : nil }
    if a.isNumeric, b.isNumeric, !a.isDecimal, !b.isDecimal {
      let order: [DataType] = [.byte, .short, .int, .long, .float, .double]
      let wider = order.last { $0 == a || $0 == b } ?? .double
      // An integer may have more digits than a FLOAT holds.
      return wider == .float && !keepsFloat ? .double : wider
    }
    if a.isDatetime, b.isDatetime {
      return a == .timestamp || b == .timestamp ? .timestamp : .timestampNtz
    }
    switch (a, b) {
    case (.dayTimeInterval(let from, let to), .dayTimeInterval(let otherFrom, let otherTo)):
      return .dayTimeInterval(min(from, otherFrom), max(to, otherTo))
    case (.yearMonthInterval(let from, let to), .yearMonthInterval(let otherFrom, let otherTo)):
      return .yearMonthInterval(min(from, otherFrom), max(to, otherTo))
    default:
      return widerNested(a, b) { tightestCommonType($0, $1, keepsFloat: keepsFloat) }
    }
  }

  static func widerDecimal(_ a: DataType, _ b: DataType) -> DataType? {
    guard a.isNumeric, b.isNumeric, a.isDecimal || b.isDecimal else { return nil }
    guard case .decimal(let p1, let s1) = a.asDecimal, case .decimal(let p2, let s2) = b.asDecimal
    else { return .double }
    let scale = max(s1, s2)
    return .boundedKeepingIntegers(
      precision: max(p1 &- s1, p2 &- s2) &+ scale, scale: scale)
  }

  private static func widerOfString(_ a: DataType, _ b: DataType) -> DataType? {
    guard a == .string || b == .string else { return nil }
    let other = a == .string ? b : a
    if other.isInteger { return .long }
    if other.isFraction || other.isDecimal { return .double }
    return other.isNested || other.isInterval || other == .calendarInterval ? nil : other
  }

  /// Whether one of two operands is a string that becomes what the other is, NULL included.
  static func promotesString(_ a: DataType, _ b: DataType) -> Bool {
    widerOfString(a, b) != nil
  }

  private static func widerNested(
    _ a: DataType, _ b: DataType, _ wider: (DataType, DataType) -> DataType?
  ) -> DataType? {
    switch (a, b) {
    case (.array(let x, let xNull), .array(let y, let yNull)):
      return wider(x, y).map { .array($0, containsNull: xNull || yNull) }
    case (.map(let k1, let v1, let null1), .map(let k2, let v2, let null2)):
      // A key must not become NULL on the way.
      guard let key = wider(k1, k2), let value = wider(v1, v2),
        [k1, k2].allSatisfy({
          $0 == key || $0 == .null || !Expression.forcesNull(from: $0, to: key)
        })
      else { return nil }
      return .map(key, value, valueContainsNull: null1 || null2)
    case (.structure(let x), .structure(let y)):
      guard x.count == y.count else { return nil }
      var fields: [Field] = []
      for (left, right) in zip(x, y) {
        guard left.name.lowercased() == right.name.lowercased(),
          let type = wider(left.type, right.type)
        else { return nil }
        fields.append(Field(left.name, type, isNullable: left.isNullable || right.isNullable))
      }
      return .structure(fields)
    default: return nil
    }
  }
}

extension DataType {
  /// DATE, TIMESTAMP or TIMESTAMP_NTZ.
  public var isDatetime: Bool { self == .date || self == .timestamp || self == .timestampNtz }

  /// Whether `<` is defined: every type but MAP and INTERVAL, and nested types without them.
  public var isOrderable: Bool {
    switch self {
    case .map, .calendarInterval: false
    case .array(let element, _): element.isOrderable
    case .structure(let fields): fields.allSatisfy { $0.type.isOrderable }
    default: true
    }
  }

  /// Whether this is a MAP or has one in it: maps have no equality.
  public var containsMap: Bool {
    switch self {
    case .map: true
    case .array(let element, _): element.containsMap
    case .structure(let fields): fields.contains { $0.type.containsMap }
    default: false
    }
  }

  /// The type in which everything may be NULL but the keys of maps.
  var holdingNulls: DataType {
    switch self {
    case .array(let element, _): .array(element.holdingNulls, containsNull: true)
    case .map(let key, let value, _):
      .map(key.holdingNulls, value.holdingNulls, valueContainsNull: true)
    case .structure(let fields): .structure(fields.map { Field($0.name, $0.type.holdingNulls) })
    default: self
    }
  }

  /// The type with no field names and no nullability in it.
  var nameless: DataType {
    switch self {
    case .array(let element, _): .array(element.nameless, containsNull: true)
    case .map(let key, let value, _): .map(key.nameless, value.nameless, valueContainsNull: true)
    case .structure(let fields): .structure(fields.map { Field("", $0.type.nameless) })
    default: self
    }
  }

  /// The same type when nullability inside is not looked at.
  public func hasSameShape(as other: DataType) -> Bool {
    switch (self, other) {
    case (.array(let a, _), .array(let b, _)): a.hasSameShape(as: b)
    case (.map(let ak, let av, _), .map(let bk, let bv, _)):
      ak.hasSameShape(as: bk) && av.hasSameShape(as: bv)
    case (.structure(let a), .structure(let b)):
      a.count == b.count
        && zip(a, b).allSatisfy { $0.name == $1.name && $0.type.hasSameShape(as: $1.type) }
    default: self == other
    }
  }

  /// The DECIMAL that holds every value of this integer type; a DECIMAL itself; otherwise nil.
  public var asDecimal: DataType? {
    switch self {
    case .byte: .decimal(precision: 3, scale: 0)
    case .short: .decimal(precision: 5, scale: 0)
    case .int: .decimal(precision: 10, scale: 0)
    case .long: .decimal(precision: 20, scale: 0)
    case .decimal: self
    default: nil
    }
  }

  /// Whether this DECIMAL holds every value of an integer type.
  func holds(_ integer: DataType) -> Bool {
    guard case .decimal(let precision, let scale) = self,
      case .decimal(let wanted, _) = integer.asDecimal
    else { return false }
    return precision &- scale >= wanted
  }

  /// DECIMAL within 38 digits: digits behind the point give way to those before it.
  public static func boundedKeepingIntegers(precision: Int, scale: Int) -> DataType {
    if precision <= 38 { return .decimal(precision: precision, scale: scale) }
    return .decimal(precision: 38, scale: max(0, scale &- (precision &- 38)))
  }
}
