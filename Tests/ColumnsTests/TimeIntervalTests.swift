import Contract
import Testing

@testable import Columns

@Suite struct TimeIntervalTests {
  @Test func readsTextAsSpark() {
    for record in Record.lines(TextRecorded.intervalRead) {
      let interval = withBytes(record.input) { IntervalText.read($0) }
      let text = interval.map { interval in appended { interval.append(to: &$0) } }
      #expect(text == record.answer, "\(record.input)")
    }
  }

  @Test func readsLiteralsAsSpark() throws {
    for record in Record.lines(TextRecorded.intervalLiteral) {
      let parts = record.input.split(
        separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
      let first = try #require(IntervalUnit(named: String(parts[0])))
      let last = try #require(IntervalUnit(named: String(parts[1])))
      let value = try? IntervalLiteral.parse(String(parts[2]), from: first, to: last)
      let text = value.map { value in
        appended { IntervalLiteral.append(value, from: first, to: last, to: &$0) }
      }
      #expect(text ?? "error" == record.answer, "\(record.input)")
    }
  }

  @Test func castsWholeLiterals() throws {
    let months = try IntervalLiteral.parse(
      "INTERVAL -'1-2' YEAR TO MONTH", from: .year, to: .month)
    #expect(months == -14)
    let us = try IntervalLiteral.parse(
      "interval '1 02:03:04.5' day to second", from: .day, to: .second)
    #expect(us == 93_784_500_000)
    #expect(try IntervalLiteral.parse("interval -'1' day", from: .day, to: .day) == -86_400_000_000)
  }

  @Test(arguments: [
    ("10 foo", "INVALID_UNIT"), ("", "INPUT_IS_EMPTY"), ("interval", "INPUT_IS_EMPTY"),
    ("10minutes", "INVALID_VALUE"), ("minutes", "UNRECOGNIZED_NUMBER"), ("1", "MISSING_UNIT"),
    ("-", "MISSING_NUMBER"), ("1.5 days", "INVALID_FRACTION"), ("interval1 day", "INVALID_PREFIX"),
    ("1.1234567891 seconds", "INVALID_PRECISION"), ("2147483648 days", "ARITHMETIC_EXCEPTION"),
  ])
  func saysWhy(_ text: String, _ condition: String) {
    let failure = #expect(throws: Failure.self) { try IntervalText.parse(text) }
    #expect(failure?.condition == "INVALID_INTERVAL_FORMAT." + condition)
  }
}
