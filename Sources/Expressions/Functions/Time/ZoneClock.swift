import Columns
import Contract

/// A zone's clock for a column of instants: remembers the stretch of time that the last one was in.
struct ZoneClock {
  let zone: TimeZone
  private var span = TimeZone.Span()

  init(_ context: EvaluationContext) throws { zone = try TimeZone.named(context.task.timeZoneId) }

  init(_ zone: TimeZone) { self.zone = zone }

  /// The local time at an instant, in microseconds as if it were UTC.
  @inline(__always)
  mutating func local(_ us: Int64) -> Int64 {
    if !span.contains(us) { span = zone.span(atInstant: us) }
    return us &+ span.offsetUs
  }
}

/// The zones named by a column: each looked up once.
struct ZoneColumn {
  private let reader: StringReader
  private var lastName: [UInt8] = []
  private var last: TimeZone?

  init(_ names: Vector) { reader = names.strings }

  subscript(row: Int) -> TimeZone {
    mutating get throws {
      let name = reader[row]
      if let last, lastName.elementsEqual(name) { return last }
      let zone = try TimeZone.named(String(decoding: name, as: UTF8.self))
      lastName = Array(name)
      last = zone
      return zone
    }
  }
}

/// The datetime patterns of a column: each compiled once.
struct PatternColumn {
  private let reader: StringReader
  private let purpose: DateTimePattern.Purpose
  private var lastText: [UInt8] = []
  private var last: DateTimePattern?

  init(_ patterns: Vector, for purpose: DateTimePattern.Purpose) {
    reader = patterns.strings
    self.purpose = purpose
  }

  subscript(row: Int) -> DateTimePattern {
    mutating get throws {
      let text = reader[row]
      if let last, lastText.elementsEqual(text) { return last }
      let pattern = try DateTimePattern(String(decoding: text, as: UTF8.self), for: purpose)
      lastText = Array(text)
      last = pattern
      return pattern
    }
  }
}

extension PatternColumn {
  /// The row's pattern; for the times of a clock without a zone Spark refuses every pattern by one
  /// class.
  mutating func pattern(_ row: Int, ofClock isLocal: Bool) throws -> DateTimePattern {
    do { return try self[row] } catch let failure as Failure {
      guard isLocal else { throw failure }
      throw Failure(
        "INVALID_DATETIME_PATTERN.WITH_SUGGESTION", failure.message, hint: failure.hint)
    }
  }
}

let timeFunction = FunctionFamily(category: "time")

let dateParameter = FunctionParameter.column("date", .date, "the date")
let timestampParameter = FunctionParameter.column("timestamp", .timestamp, "the instant")
