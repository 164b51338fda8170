import Columns

/// The moments that a literal may name when it becomes a date or an instant. A column's texts name
/// none, as in Spark.
enum NamedMoment: String {
  case epoch, now, today, yesterday, tomorrow

  /// The moment that a literal names for a type of dates or instants.
  init?(_ literal: Scalar, as type: DataType) {
    guard type.isDatetime, let text = literal.text, text.utf8.count < 64 else { return nil }
    let word = text.lowercased().drop { $0 == " " }
    let end = word.lastIndex { $0 != " " }
    guard let end else { return nil }
    self.init(rawValue: String(word[...end]))
  }

  /// The value as of the batch: days or microseconds, by the type.
  func value(_ type: DataType, nowUs: Int64, _ zone: TimeZone) -> Int64 {
    if self == .epoch { return 0 }
    if self == .now, type != .date {
      return type == .timestamp ? nowUs : zone.local(ofInstant: nowUs)
    }
    let shift = self == .yesterday ? -1 : self == .tomorrow ? 1 : 0
    let day = zone.days(ofInstant: nowUs) + shift
    switch type {
    case .date: return Int64(day)
    case .timestamp: return zone.startOfDay(day)
    default: return Int64(day) &* Calendar.microsecondsPerDay
    }
  }

  /// The value, settled when a batch runs.
  func expression(_ type: DataType, _ notation: ScalarFunction.Notation) -> ScalarFunction {
    ScalarFunction(
      "cast", notation: notation,
      kernel: .whole { _, context in
        let zone = try TimeZone.named(context.task.timeZoneId)
        let value = value(type, nowUs: context.task.batchTimeUs, zone)
        return .constant(.integer(value), type, count: context.count)
      })
  }
}
