import Contract

/// The settings of sources and sinks of files.
public enum FileSettings {
  static let sinkInterval = "moontide.streaming.fileSink.log.compactInterval"
  static let sourceInterval = "moontide.streaming.fileSource.log.compactInterval"
  static let retained = "moontide.streaming.minBatchesToRetain"

  static let infersPartitionTypes = "moontide.sources.partitionColumnTypeInference.enabled"

  public static let all: [Setting] = [
    Setting(
      infersPartitionTypes, .boolean(true),
      "Whether the values in `key=value` directories give those columns their types; otherwise "
        + "they are STRING. A schema's types come first."),
    Setting(
      retained, .integer(100), "How many batches stay in the checkpoint at least.",
      range: 2...Int64.max),
    Setting(
      sinkInterval, .integer(10),
      "After how many batches a file sink folds its log's oldest records into one.",
      range: 1...Int64.max),
    Setting(
      sourceInterval, .integer(10),
      "After how many batches with new files a file source may write its log anew, without the "
        + "files that `maxFileAge` leaves out.",
      range: 1...Int64.max),
  ]
}
