import Contract
import Testing

@testable import Columns

@Suite struct TimeCalendarTests {
  @Test func everyDayOfFourCenturiesComesBack() {
    for days in -200_000...200_000 {
      let date = Calendar.date(ofDays: days)
      #expect(Calendar.validDays(year: date.year, month: date.month, day: date.day) == days)
    }
  }

  @Test func sparkAgreesOnTheCalendar() throws {
    for record in Record.lines(TimeRecorded.calendar) {
      let days = Int(try #require(withBytes(record.input) { DateText.read($0) }))
      let date = Calendar.date(ofDays: days)
      let week = Calendar.isoWeek(days)
      func text(_ days: Int?) -> String { appended { DateText.append(days ?? 0, to: &$0) } }
      let fields = [
        "\(days)", "\(date.year)", "\(date.month)", "\(date.day)",
        "\(Calendar.dayOfWeek(days))", "\(Calendar.weekday(days))",
        "\(Calendar.dayOfYear(days))", "\(week.week)", "\(week.year)",
        "\(Calendar.quarter(days))", text(Calendar.lastDay(days)),
        text(Calendar.addMonths(days, 1)), text(Calendar.addMonths(days, -13)),
        text(TruncationUnit.week.truncate(days: days)),
        text(TruncationUnit.month.truncate(days: days)),
        text(TruncationUnit.quarter.truncate(days: days)),
        text(TruncationUnit.year.truncate(days: days)),
        text(Calendar.nextDay(days, weekday: 0)),
        text(Calendar.weekday(named: "sunday").map { Calendar.nextDay(days, weekday: $0) }),
      ]
      #expect(fields.joined(separator: "|") == record.answer, "\(record.input)")
    }
  }
}

@Suite struct TimeZoneTests {
  /// `zone|text` apart.
  private func parts(_ record: Record) throws -> (TimeZone, String) {
    let parts = record.input.split(separator: "|", maxSplits: 1)
    return (try TimeZone.named(String(parts[0])), String(parts[1]))
  }

  @Test func localTimesBecomeJavasInstants() throws {
    for record in Record.lines(TimeRecorded.zone) {
      let (zone, text) = try parts(record)
      var reader = TimestampReader(zone: zone, nowUs: 0)
      let us = withBytes(text) { reader.read($0) }
      #expect(us.map { "\($0)" } == record.answer, "\(record.input)")
    }
  }

  @Test func instantsBecomeJavasLocalTimes() throws {
    for record in Record.lines(TimeRecorded.zoneback) {
      let (zone, text) = try parts(record)
      var reader = TimestampReader(zone: .utc, nowUs: 0)
      let us = try #require(withBytes(text) { reader.read($0) })
      var writer = TimestampWriter(zone: zone)
      #expect(appended { writer.append(us, to: &$0) } == record.answer, "\(record.input)")
    }
  }

  @Test func truncationAndAdditionFollowTheZone() throws {
    for record in Record.lines(TimeRecorded.zonetrunc) {
      let (zone, text) = try parts(record)
      var reader = TimestampReader(zone: zone, nowUs: 0)
      let us = try #require(withBytes(text) { reader.read($0) })
      let units: [TruncationUnit] = [.day, .hour, .week, .month, .minute]
      var fields: [Int64?] = units.map { $0.truncate(us: us, in: zone) }
      fields.append(zone.add(months: 1, days: 0, microseconds: 0, to: us))
      fields.append(zone.add(months: 0, days: 1, microseconds: 0, to: us))
      fields.append(zone.add(months: -5, days: 3, microseconds: -7_200_000_000, to: us))
      let answer = fields.map { $0.map { "\($0)" } ?? "NULL" }.joined(separator: "|")
      #expect(answer == record.answer, "\(record.input)")
    }
  }

  @Test(arguments: [
    ("Z", "Z"), ("UTC", "UTC"), ("GMT", "GMT"), ("+1", "+01:00"), ("UTC+1", "UTC+01:00"),
    ("GMT+01:00", "GMT+01:00"), ("-0830", "-08:30"), ("+01:3", "+01:03"), ("+1:30", "+01:30"),
    ("PST", "America/Los_Angeles"), ("EST", "-05:00"), ("UTC+0", "UTC"), ("+00:00:01", "+00:00:01"),
  ])
  func knowsJavasIds(_ name: String, _ id: String) throws {
    #expect(try TimeZone.named(name).id == id)
  }

  @Test(arguments: [
    "", "A", "z", "Foo/Bar", "europe/berlin", "+19:00", "+01:60", "UTC1", "../passwd", "posix/UTC",
    "leap-seconds.list", "+", "UTC+", "Europe",
  ])
  func refusesOthers(_ name: String) {
    let failure = #expect(throws: Failure.self) { try TimeZone.named(name) }
    #expect(failure?.condition == "INVALID_TIMEZONE")
  }
}

@Suite struct TimeTextTests {
  private func read(_ table: String, zone: String) throws {
    // The answer to "1:2" holds the day on which Spark was asked.
    var reader = TimestampReader(zone: try TimeZone.named(zone), nowUs: 1_795_247_000_000_000)
    for record in Record.lines(table) {
      let us = withBytes(record.input) { reader.read($0) }
      #expect(us.map { "\($0)" } == record.answer, "\(record.input)")
    }
  }

  @Test func castsToTimestamp() throws {
    try read(TimeRecorded.castTimestampUTC, zone: "UTC")
    try read(TimeRecorded.castTimestampBerlin, zone: "Europe/Berlin")
    try read(TimeRecorded.castTimestampLosAngeles, zone: "America/Los_Angeles")
  }

  @Test func castsToTimestampWithoutZone() {
    var reader = TimestampReader(zone: .utc, nowUs: 0)
    var writer = TimestampWriter(zone: .utc)
    for record in Record.lines(TimeRecorded.castTimestampWithoutZone) {
      let us = withBytes(record.input) { reader.readWithoutZone($0) }
      let text = us.map { us in appended { writer.appendWithoutZone(us, to: &$0) } }
      #expect(text == record.answer, "\(record.input)")
    }
  }

  @Test func printsTimestamps() {
    var reader = TimestampReader(zone: .utc, nowUs: 1_795_247_000_000_000)
    var writer = TimestampWriter(zone: .utc)
    for record in Record.lines(TimeRecorded.printTimestamp) {
      let us = withBytes(record.input) { reader.read($0) }
      let text = us.map { us in appended { writer.append(us, to: &$0) } }
      #expect(text == record.answer, "\(record.input)")
    }
  }

  @Test func castsToDate() {
    for record in Record.lines(TimeRecorded.castDate) {
      let days = withBytes(record.input) { DateText.read($0) }
      let text = days.map { days in appended { DateText.append(Int(days), to: &$0) } }
      #expect(text == record.answer, "\(record.input)")
    }
  }
}
