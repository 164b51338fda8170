extension Setting {
  /// Every setting of a session. A new one is one entry here, and has an effect somewhere.
  public static let all: [Setting] = [
    Setting(
      "moontide.shuffle.partitions", .integer(8),
      "Into how many partitions rows are spread by key, and state with them.", range: 1...4096,
      isPinned: true),
    Setting(
      "moontide.columnBatch.rows", .integer(16384), "Rows that are processed at once, at most.",
      range: 1...1_048_576),
    Setting(
      "moontide.caseSensitive", .boolean(false), "Whether names of columns differ by case."),
    Setting(
      "moontide.session.timeZone", .text("UTC"),
      "The time zone in which text is read and printed, and parts of dates are taken."),
    Setting(
      "moontide.ansi.enabled", .text("true"),
      "Overflow, division by zero and casts that fail raise; there is no other way.",
      words: ["true"]),
    Setting(
      "moontide.onFailure", .text("stop"),
      "At the script's end: whether the queries stop when one fails, or continue.",
      words: ["stop", "continue"]),
    Setting(
      "moontide.streaming.multipleWatermarkPolicy", .text("min"),
      "Of several watermarks, whether the least or the greatest counts.", words: ["min", "max"],
      isPinned: true),
    Setting(
      "moontide.streaming.noDataMicroBatches.enabled", .boolean(true),
      "Whether a batch without new rows runs when the watermark or a timeout asks for it."),
    Setting(
      "moontide.streaming.schemaInference", .boolean(false),
      "Whether a streaming file source without a schema takes it from the files that are there."),
    Setting(
      "moontide.streaming.stopTimeout", .duration(0),
      "How long `query:stop()` waits for the current batch before it abandons it; 0: no limit."),
    Setting(
      "moontide.streaming.checkpointLocation", .text(""),
      "The folder in which queries without the option `checkpointLocation` keep theirs, by name."),
    Setting(
      "moontide.streaming.pollingDelay", .duration(10_000),
      "How long a query without new rows waits before it looks again."),
    Setting(
      "moontide.streaming.numRecentProgressUpdates", .integer(100),
      "How many of its last progress events a query keeps.", range: 1...100_000),
    Setting(
      "moontide.streaming.minBatchesToRetain", .integer(100),
      "Of how many batches the log and the state are kept.", range: 1...1_000_000),
  ]
}
