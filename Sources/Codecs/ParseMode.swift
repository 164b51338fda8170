import Contract

/// What a reader does with a record that it cannot read whole.
public enum ParseMode: String, Sendable, CaseIterable {
  /// What can be read is kept, the rest is NULL; the record's text goes to the corrupt-record
  /// column.
  case permissive = "PERMISSIVE"
  case dropMalformed = "DROPMALFORMED"
  case failFast = "FAILFAST"

  init?(_ options: Options) throws {
    guard let word = try options.word("mode", of: Self.allCases.map(\.rawValue)) else { return nil }
    self.init(rawValue: word)
  }
}

extension Failure {
  /// Whether a record is corrupt depends on the columns that are wanted of it.
  static func onlyCorruptRecord(_ name: String) -> Failure {
    Failure(
      "UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN",
      "a query of files cannot be about the column `\(name)` alone: which records are "
        + "corrupt depends on the columns that are read",
      hint: "Select further columns, or `persist` the rows first")
  }
}
