import Contract

/// Options that several formats share, each documented once.
enum FormatParameters {
  static let modes = ["PERMISSIVE", "DROPMALFORMED", "FAILFAST"]

  static let parsing: [Parameter] = [
    Parameter(
      "mode", .word(modes), default: "PERMISSIVE",
      "What becomes of a malformed record: what can be read is kept and the rest is "
        + "NULL, the record is dropped, or the query fails."
    ),
    Parameter(
      "columnNameOfCorruptRecord", .text, default: "_corrupt_record",
      "The STRING column that gets the text of a malformed record, where the schema has it."),
    Parameter(
      "enableDateTimeParsingFallback", .boolean, default: "true without a pattern",
      "Whether times that the pattern refuses are read as casts read them."),
    Parameter(
      "samplingRatio", .number, default: "1.0", "The share of records that inference looks at."),
  ]

  static let times: [Parameter] = [
    Parameter("dateFormat", .text, default: "yyyy-MM-dd", "The pattern of dates."),
    Parameter(
      "timestampFormat", .text, default: "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]",
      "The pattern of timestamps; without it, reading takes what casts take."),
    Parameter(
      "timestampNTZFormat", .text, default: "yyyy-MM-dd'T'HH:mm:ss[.SSS]",
      "The pattern of timestamps without time zone; without it, reading takes what casts take."),
    Parameter(
      "timeZone", .text, default: "the session's", "The zone of timestamps that name none."),
    Parameter("locale", .text, default: "en-US", "The language of month names; only English."),
  ]

  static let text: [Parameter] = [
    Parameter(
      "lineSep", .text, default: "\\n, \\r or \\r\\n; writing: \\n",
      "What stands between records."),
    Parameter(
      "encoding", .text, default: "UTF-8",
      "The encoding of the files: any that the C library knows. `charset` is the same."),
    Parameter("charset", .text, default: "UTF-8", "The same as `encoding`."),
  ]

  static let faults: [Parameter] = [
    Parameter(
      "ignoreMissingFiles", .boolean, default: "false",
      "Whether files that are gone when they are read are passed over."),
    Parameter(
      "ignoreCorruptFiles", .boolean, default: "false",
      "Whether what cannot be read of a file (damaged, cut short) is passed over from there on."),
  ]

  static let writing: [Parameter] = [
    Parameter(
      "compression", .word(Compression.names), default: "none",
      "How the files are compressed. Reading goes by the name: .gz, .zst, .bz2, .deflate.")
  ]
}
