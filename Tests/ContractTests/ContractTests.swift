import Contract
import Testing

@Suite struct SuggestionTests {
  @Test func nearNamesComeNearestFirst() {
    #expect(Suggestion.nearest(to: "amout", among: ["amount", "account", "id"]) == ["amount"])
    #expect(Suggestion.nearest(to: "xyz", among: ["amount"]).isEmpty)
    #expect(Suggestion.sentence(for: "Uper", among: ["upper", "lower"]) == "Did you mean `upper`?")
  }
}

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("10 seconds", 10_000_000), ("1 minute 30 seconds", 90_000_000), ("250", 250_000),
    ("10s", 10_000_000), ("0", 0), ("2 weeks", 1_209_600_000_000),
  ])
  func reads(_ text: String, _ us: Int64) { #expect(DurationText.microseconds(text) == us) }

  @Test(arguments: ["", "ten seconds", "10 min 5", "-1 second", "9999999999999999 days"])
  func refuses(_ text: String) { #expect(DurationText.microseconds(text) == nil) }
}

@Suite struct SettingsTests {
  @Test func sparkSpellingAndSuggestions() throws {
    var settings = Settings([
      Setting("moontide.shuffle.partitions", .integer(8), "", range: 1...1000)
    ])
    try settings.set("spark.sql.shuffle.partitions", to: "3")
    #expect(settings[integer: "moontide.shuffle.partitions"] == 3)
    #expect(throws: Failure.self) { try settings.set("moontide.shuffle.partitions", to: "0") }
    #expect(throws: Failure.self) { try settings.set("moontide.shufle.partitions", to: "1") }
  }
}
