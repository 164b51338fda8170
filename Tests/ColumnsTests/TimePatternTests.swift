import Contract
import Testing

@testable import Columns

@Suite struct TimePatternTests {
  @Test func formats() throws {
    for record in Record.lines(TextRecorded.format) {
      let parts = record.input.split(
        separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
      let zone = try TimeZone.named(String(parts[0]))
      var reader = TimestampReader(zone: zone, nowUs: 0)
      let us = try #require(withBytes(String(parts[1])) { reader.read($0) })
      var answer: String
      do {
        let pattern = try DateTimePattern(String(parts[2]), for: .formatting)
        var printer = PatternPrinter(pattern, zone: zone)
        answer = appended { printer.append(us, to: &$0) }
      } catch let failure as Failure {
        answer = "error \(failure.condition)"
      }
      #expect(answer == record.answer, "\(record.input)")
    }
  }

  @Test func parses() throws {
    let zone = try TimeZone.named("Europe/Berlin")
    for record in Record.lines(TextRecorded.parse) {
      let parts = record.input.split(
        separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
      var answer: String?
      do {
        let pattern = try DateTimePattern(String(parts[1]), for: .parsing)
        var reader = PatternReader(pattern, zone: zone)
        answer = withBytes(String(parts[0])) { reader.timestamp($0) }.map { "\($0)" }
      } catch let failure as Failure {
        answer = "error \(failure.condition)"
      }
      #expect(answer == record.answer, "\(record.input)")
    }
  }

  /// The fast way accepts nothing that the pattern's items refuse.
  @Test(arguments: [
    "2024-02-29 13:04:05.1Z", "2024-02-29 13:04:05Z", "2024-02-29 13:04:05.", "2024-02-29 13:04:05",
    "2024-02-29 13:04:05.12", "2024-02-29 13:04:05.1234", "2024-02-29T13:04:05.123",
    "2024-02-29 24:04:05.123", "2024-02-29 13:04:05.12x",
  ])
  func readsNoMoreThanThePattern(text: String) throws {
    for written in ["yyyy-MM-dd HH:mm:ss.SSS", "yyyy-MM-dd HH:mm:ss[.SSS][XXX]"] {
      let pattern = try DateTimePattern(written, for: .parsing)
      var reader = PatternReader(pattern, zone: .utc)
      let slow = withBytes(text) { pattern.timestamp($0, zone: .utc) }
      #expect(withBytes(text) { reader.timestamp($0) } == slow, "\(text) by \(written)")
    }
  }

  @Test func leavesOutWhatAValueLacks() throws {
    let pattern = try DateTimePattern("yyyy-MM-dd[ HH:mm][XXX]", for: .formatting)
    let printer = PatternPrinter(pattern, zone: .utc)
    #expect(appended { printer.append(days: 0, to: &$0) } == "1970-01-01")
    #expect(appended { printer.appendWithoutZone(0, to: &$0) } == "1970-01-01 00:00")
    let strict = PatternPrinter(try DateTimePattern("HH XXX", for: .formatting), zone: .utc)
    var bytes: [UInt8] = []
    #expect(!strict.append(days: 0, to: &bytes))
    #expect(!strict.appendWithoutZone(0, to: &bytes))
  }

  @Test(arguments: [
    (
      "2024-02-30 13:04:05", "yyyy-MM-dd HH:mm:ss",
      "Text '2024-02-30 13:04:05' could not be parsed: Invalid date 'FEBRUARY 30'."
    ),
    (
      "2024-2-29 13:04:05", "yyyy-MM-dd HH:mm:ss",
      "Text '2024-2-29 13:04:05' could not be parsed at index 5."
    ),
    (
      "2024-02-29 24:00:00", "yyyy-MM-dd HH:mm:ss",
      "Text '2024-02-29 24:00:00' could not be parsed: "
        + "Invalid value for HourOfDay (valid values 0 - 23): 24."
    ),
    (
      "2024-02-29 13:04:05 ", "yyyy-MM-dd HH:mm:ss",
      "Text '2024-02-29 13:04:05 ' could not be parsed, unparsed text found at index 19."
    ),
    (
      "2024-02-29 13:04:05.", "yyyy-MM-dd HH:mm:ss.SSS",
      "Text '2024-02-29 13:04:05.' could not be parsed at index 20."
    ),
    (
      "2024-02-29 2023", "yyyy-MM-dd yyyy",
      "Text '2024-02-29 2023' could not be parsed at index 11."
    ),
    ("+5", "y", "Text '+5' could not be parsed at index 0."),
  ])
  func saysWhy(_ text: String, _ pattern: String, _ message: String) throws {
    let pattern = try DateTimePattern(pattern, for: .parsing)
    let failure = withBytes(text) { pattern.failure($0) }
    #expect(failure.condition == "CANNOT_PARSE_TIMESTAMP")
    #expect(failure.message == message)
  }
}
