/// A column's type: Spark's types, nested to any depth.
public indirect enum DataType: Hashable, Sendable {
  /// The type of a bare NULL; it coerces to every other type.
  case null
  case boolean
  case byte, short, int, long
  case float, double
  /// Exact; `precision` digits in all (1…38), `scale` of them behind the point.
  case decimal(precision: Int, scale: Int)
  case string, binary
  /// Days since 1970-01-01.
  case date
  /// Microseconds since the epoch: an instant.
  case timestamp
  /// Microseconds of a wall clock with no zone.
  case timestampNtz
  /// Microseconds.
  case dayTimeInterval(IntervalUnit, IntervalUnit)
  /// Months.
  case yearMonthInterval(IntervalUnit, IntervalUnit)
  /// Months, days and microseconds, each counted for itself: a `CalendarInterval`.
  case calendarInterval
  case array(DataType, containsNull: Bool)
  case map(DataType, DataType, valueContainsNull: Bool)
  case structure([Field])

  /// `INTERVAL DAY TO SECOND`, the widest of its kind.
  public static let dayToSecond = DataType.dayTimeInterval(.day, .second)
  /// `INTERVAL YEAR TO MONTH`, the widest of its kind.
  public static let yearToMonth = DataType.yearMonthInterval(.year, .month)
}

/// The fields that an interval type spans, from the largest to the smallest.
public enum IntervalUnit: Int, Hashable, Sendable, Comparable {
  case year, month, day, hour, minute, second

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// As DDL writes it.
  public var text: String {
    switch self {
    case .year: "YEAR"
    case .month: "MONTH"
    case .day: "DAY"
    case .hour: "HOUR"
    case .minute: "MINUTE"
    case .second: "SECOND"
    }
  }
}

/// A named, typed member of a schema or a struct.
public struct Field: Hashable, Sendable {
  public let name: String
  public let type: DataType
  public let isNullable: Bool

  public init(_ name: String, _ type: DataType, isNullable: Bool = true) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
  }
}

/// The columns of a table, in order.
public struct Schema: Hashable, Sendable {
  public let fields: [Field]

  public init(_ fields: [Field]) { self.fields = fields }

  /// The first column of that name, letters compared without regard to case.
  public func index(of name: String) -> Int? {
    let wanted = name.lowercased()
    return fields.firstIndex { $0.name.lowercased() == wanted }
  }
}

extension DataType {
  /// How values lie in a `Vector`'s buffers.
  public enum Layout: Sendable, Hashable {
    /// No buffer; every value is NULL.
    case none
    /// One bit a value.
    case bits
    /// `width` bytes a value: 1, 2, 4, 8 (integers or IEEE 754) or 16 (`Int128`).
    case fixed(width: Int)
    /// 16-byte `StringView`s, long strings in blocks.
    case views
    /// `Int32` offsets into one child (array) or two (map: keys, values).
    case lists
    /// Children only.
    case structure
  }

  public var layout: Layout {
    switch self {
    case .null: .none
    case .boolean: .bits
    case .byte: .fixed(width: 1)
    case .short: .fixed(width: 2)
    case .int, .float, .date, .yearMonthInterval: .fixed(width: 4)
    case .long, .double, .timestamp, .timestampNtz, .dayTimeInterval: .fixed(width: 8)
    case .decimal, .calendarInterval: .fixed(width: 16)
    case .string, .binary: .views
    case .array, .map: .lists
    case .structure: .structure
    }
  }

  /// The types of the child vectors.
  public var childTypes: [DataType] {
    switch self {
    case .array(let element, _): [element]
    case .map(let key, let value, _): [key, value]
    case .structure(let fields): fields.map(\.type)
    default: []
    }
  }

  public var isInteger: Bool {
    switch self {
    case .byte, .short, .int, .long: true
    default: false
    }
  }

  public var isFraction: Bool { self == .float || self == .double }

  public var isDecimal: Bool {
    if case .decimal = self { true } else { false }
  }

  public var isNumeric: Bool { isInteger || isFraction || isDecimal }

  /// Of the two ANSI kinds, whose values are one count.
  public var isInterval: Bool {
    switch self {
    case .dayTimeInterval, .yearMonthInterval: true
    default: false
    }
  }

  public var isNested: Bool {
    switch self {
    case .array, .map, .structure: true
    default: false
    }
  }
}

extension DataType: CustomStringConvertible {
  /// As Spark's `sql`: `ARRAY<INT>`, `STRUCT<a: BIGINT>`, `DECIMAL(10,2)`.
  public var description: String {
    switch self {
    case .null: "VOID"
    case .boolean: "BOOLEAN"
    case .byte: "TINYINT"
    case .short: "SMALLINT"
    case .int: "INT"
    case .long: "BIGINT"
    case .float: "FLOAT"
    case .double: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
    case .string: "STRING"
    case .binary: "BINARY"
    case .date: "DATE"
    case .timestamp: "TIMESTAMP"
    case .timestampNtz: "TIMESTAMP_NTZ"
    case .dayTimeInterval(let from, let to), .yearMonthInterval(let from, let to):
      from == to ? "INTERVAL \(from.text)" : "INTERVAL \(from.text) TO \(to.text)"
    case .calendarInterval: "INTERVAL"
    case .array(let element, _): "ARRAY<\(element)>"
    case .map(let key, let value, _): "MAP<\(key), \(value)>"
    case .structure(let fields):
      "STRUCT<"
        + fields.map { "\($0.quotedName): \($0.type)\($0.isNullable ? "" : " NOT NULL")" }
        .joined(separator: ", ") + ">"
    }
  }
}

extension Field {
  /// The name, in back-quotes where DDL needs them.
  public var quotedName: String {
    let plain = name.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || byte == 95
    }
    let startsWell = name.utf8.first.map { !(48...57).contains($0) } ?? false
    if plain && startsWell { return name }
    return "`"
      + name.split(separator: "`", omittingEmptySubsequences: false).joined(separator: "``") + "`"
  }
}
