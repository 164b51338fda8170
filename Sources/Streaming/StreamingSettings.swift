import Connectors
import Contract

/// The settings that the engine reads.
public enum StreamingSettings {
  public static let all: [Setting] = session + streaming + FileSettings.all

  private static let session: [Setting] = [
    Setting(
      "moontide.shuffle.partitions", .integer(8),
      "How many partitions aggregates, joins and other stateful operators have.",
      range: 1...10_000, isPinned: true),
    Setting(
      "moontide.columnBatch.rows", .integer(8192), "How many rows a column batch holds at most.",
      range: 1...1_000_000),
    Setting(
      "moontide.session.timeZone", .text("UTC"),
      "The zone in which text becomes time, and time text and date parts."),
    Setting(
      "moontide.memory.limit", .size(.share(80)),
      "How much memory the process may hold before a query that needs more is stopped: an amount, "
        + "or a share of the control group's or the machine's; 0: no limit."),
    Setting(
      "moontide.optimizer.excludedRules", .text(""),
      "Rules that make plans cheaper and are left out, by name with commas between: "
        + "ConstantFolding, PushDownPredicates, CollapseProject, LimitPushDown, ColumnPruning."),
    Setting(
      "moontide.cteRecursionLevelLimit", .integer(100),
      "How many rounds a recursive query (WITH RECURSIVE) may take; -1: any number.",
      range: -1...Int64(Int32.max)),
    Setting(
      "moontide.cteRecursionRowLimit", .integer(1_000_000),
      "How many rows a recursive query may make; -1: any number.", range: -1...Int64(Int32.max)),
    Setting("moontide.caseSensitive", .boolean(false), "Whether names differ by case."),
  ]

  private static let streaming: [Setting] = [
    Setting(
      "moontide.stateStore", .text("memory"),
      "Where live state is kept: in memory, or in a RocksDB in the checkpoint's folder, for state "
        + "larger than memory. What is durable is the same, so that it may change between runs.",
      words: ["memory", "rocksdb"]),
    Setting(
      "moontide.streaming.checkpointLocation", .text(""),
      "The directory under which queries without a `checkpointLocation` of their own keep theirs, "
        + "by query name."),
    Setting(
      "moontide.streaming.forceDeleteTempCheckpointLocation", .boolean(false),
      "Whether a temporary checkpoint is removed also after a failure."),
    Setting(
      "moontide.streaming.log.rewriteBytes", .integer(1 << 20),
      "How large the batch log grows, in bytes, before it is written anew without old batches.",
      range: 1...Int64.max),
    Setting(
      "moontide.streaming.stateStore.minDeltasForSnapshot", .integer(4096),
      "After how many batches that changed the state a snapshot is due; 64 MiB of changes make "
        + "one due before.", range: 1...Int64.max),
    Setting(
      "moontide.streaming.noDataMicroBatches.enabled", .boolean(true),
      "Whether a batch without rows runs when the watermark has moved and state would leave."),
    Setting(
      "moontide.streaming.multipleWatermarkPolicy", .text("min"),
      "Which watermark counts when a query has several.", words: ["min", "max"], isPinned: true),
    Setting(
      "moontide.streaming.numRecentProgressUpdates", .integer(100),
      "How many progress reports `recentProgress` keeps.", range: 1...1_000_000),
    Setting(
      "moontide.streaming.noDataProgressEventInterval", .duration(10_000_000),
      "How often a query with nothing to do says so."),
    Setting(
      "moontide.streaming.pollingDelay", .duration(10_000),
      "How long a query waits before it looks for new rows again."),
    Setting(
      "moontide.streaming.stopTimeout", .duration(0),
      "How long `stop` waits for the batch at hand before it abandons it; 0: without a limit."),
    Setting(
      "moontide.streaming.schemaInference", .boolean(false),
      "Whether a streaming file source without a schema looks for it in the files."),
  ]
}
