import Columns
import Contract

/// Computes every batch and throws it away: to measure the rest.
final class NoopSink: StreamSink {
  static let spec = SinkSpec(
    Spec(.sink, "noop", category: "tests", summary: "Computes the rows and throws them away."),
    modes: Set(OutputMode.allCases), allowsTemporaryCheckpoint: true,
    save: { request, _ in
      try request.options.check(against: [], of: "noop")
      return Nothing()
    },
    open: { request in
      try request.options.check(against: [], of: "noop")
      return NoopSink()
    })

  var description: String { "NoopSink" }

  func begin(batch id: Int64, mode: OutputMode) -> (any SinkBatch)? { Nothing() }

  private struct Nothing: SinkBatch {
    func writer(partition: Int) -> any BatchWriter { NoWriter() }
    func commit() {}
    func abort(_ failure: Failure) {}
  }

  private final class NoWriter: BatchWriter {
    func write(_ batch: Batch) {}
    func close() {}
  }
}
