import Columns
import Connectors
import Glibc
import Operators
import Testing

@testable import Contract
@testable import Streaming

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    path = "/tmp/moontide-test-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    mkdir(path, 0o700)
  }

  deinit { try? PosixStorage().removeDirectory(path) }
}

struct BatchLogTests {
  private let storage = PosixStorage()

  private func offsets(_ batchId: Int64, run: String = "r") -> OffsetsRecord {
    OffsetsRecord(
      batchId: batchId, runId: run,
      ranges: [
        .init(
          start: batchId == 0 ? nil : SourceOffset("{\"o\":\(batchId)}"),
          end: SourceOffset("{\"o\":\(batchId + 1)}"))
      ],
      watermarkMs: batchId * 10, lateWatermarkMs: 0, batchTimeUs: 5, seed: 0xFEED_FACE_CAFE_BEEF)
  }

  private func commit(_ batchId: Int64) -> CommitRecord {
    CommitRecord(
      batchId: batchId, runId: "r", nextWatermarkMs: 7, nodeWatermarksMs: [3, nil], stateMark: "m")
  }

  private func run() -> RunRecord {
    RunRecord(
      runId: "r", sources: ["rate"],
      operators: [
        .init(
          id: "a", kind: "aggregate", keys: "k", fingerprint: "f \"quoted\" ü",
          layout: StateSchema(
            .aggregate, name: "stateStoreSave", partitionCount: 8,
            key: Schema([Field("k", .string)]),
            stores: [.init(value: Schema([Field("count", .long), Field("count", .long)]))],
            configuration: [JSONMember("joinType", .text("Inner"))]))
      ],
      sink: .init(format: "json", description: "FileSink[file:/o]", path: "/o"),
      outputMode: "append", script: "00ff", functions: [JSONMember("f", .text("1"))],
      settings: [JSONMember("moontide.shuffle.partitions", .text("8"))])
  }

  private func fill(_ folder: TemporaryFolder, batches: Int64) throws {
    let (log, _) = try BatchLog.open(directory: folder.path, queryId: "q", storage: storage)
    log.begin(run())
    for batch in 0..<batches {
      try log.append(offsets(batch))
      try log.append(commit(batch))
    }
    log.close()
  }

  private func reopen(_ folder: TemporaryFolder) throws -> (BatchLog, LoggedProgress) {
    try BatchLog.open(directory: folder.path, queryId: "q", storage: storage)
  }

  @Test func recordsComeBack() throws {
    let folder = TemporaryFolder()
    #expect(try reopen(folder).1 == LoggedProgress())
    try fill(folder, batches: 3)
    let (log, progress) = try reopen(folder)
    #expect(
      progress == LoggedProgress(run: run(), lastOffsets: offsets(2), lastCommit: commit(2)))
    try log.append(offsets(3))
    log.close()
    let again = try reopen(folder).1
    #expect(again.lastOffsets == offsets(3) && again.lastCommit == commit(2))
  }

  /// A run cut short goes on with what its watermark nodes had reached; an ended one does not.
  @Test func anEndRecordTellsAStopFromACut() throws {
    let folder = TemporaryFolder()
    try fill(folder, batches: 1)
    let nodes = [
      WatermarkTracker.Node(id: 1, delayMs: 0), WatermarkTracker.Node(id: 2, delayMs: 0),
    ]
    func resumed(_ progress: LoggedProgress) -> [Int64?] {
      MicroBatchMachine(
        .init(runId: "s", trigger: .availableNow, sourceCount: 1, runsWithoutData: true),
        watermark: WatermarkTracker(nodes: nodes, policy: .min), progress: progress
      ).watermark.nodeWatermarksMs
    }
    let (log, progress) = try reopen(folder)
    #expect(progress.cutShort == commit(0) && resumed(progress) == [3, nil])
    #expect(progress.owesBatch == offsets(0))
    try log.appendEnd(of: "r")
    log.close()
    let ended = try reopen(folder).1
    #expect(ended.cutShort == nil && resumed(ended) == [nil, nil])
    #expect(ended.lastCommit == commit(0) && ended.owesBatch == offsets(0))
  }

  @Test func everyCutIsATornTailAndEveryFlipIsDamage() throws {
    let folder = TemporaryFolder()
    try fill(folder, batches: 2)
    let path = folder.path + "/batches.log"
    let sound = try #require(try storage.read(path))
    let header = try #require(sound.firstIndex(of: 10)) + 1
    for length in header..<sound.count {
      try storage.replace(path, Array(sound[..<length]))
      let (log, progress) = try reopen(folder)
      #expect(progress.lastCommit != commit(1))
      #expect(log.size < sound.count)
      log.close()
    }
    for at in sound.indices {
      var bytes = sound
      bytes[at] ^= 1
      try storage.replace(path, bytes)
      do {
        let progress = try reopen(folder).1
        Issue.record("a flipped bit at \(at) of \(sound.count) went unseen: \(progress)")
      } catch let failure as Failure {
        #expect(failure.message.contains(path))
      }
    }
    // Zeros where pages did not reach the disk.
    try storage.replace(path, sound + [UInt8](repeating: 0, count: 100))
    #expect(try reopen(folder).1.lastCommit == commit(1))
  }

  @Test func aNewerFormatAndAnotherQueryAreRefused() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/batches.log"
    let header = JSON.of([
      "moontide": .text("batches"), "format": .integer(2), "queryId": .text("q"),
    ])
    try storage.create(path, Array(RecordLog.line(header).utf8))
    let failure = #expect(throws: Failure.self) { _ = try reopen(folder) }
    #expect(failure?.condition == "STREAMING_LOG_FORMAT_UNSUPPORTED")
    try storage.remove(path)
    try fill(folder, batches: 1)
    #expect(throws: Failure.self) {
      _ = try BatchLog.open(directory: folder.path, queryId: "other", storage: storage)
    }
  }

  @Test func aSecondWriterStopsTheFirst() throws {
    let folder = TemporaryFolder()
    try fill(folder, batches: 1)
    let (first, _) = try reopen(folder)
    let (second, _) = try reopen(folder)
    try second.append(offsets(1, run: "other"))
    let failure = #expect(throws: Failure.self) { try first.append(offsets(1)) }
    #expect(failure?.condition == "CONCURRENT_STREAM_LOG_UPDATE")
  }

  @Test func purgeKeepsTheEnd() throws {
    let folder = TemporaryFolder()
    let (log, _) = try BatchLog.open(
      directory: folder.path, queryId: "q", storage: storage, rewriteBytes: 4000)
    log.begin(run())
    for batch in Int64(0)..<200 {
      try log.append(offsets(batch))
      try log.append(commit(batch))
      try log.purge(before: batch - 10)
    }
    #expect(log.size < 20_000)
    log.close()
    let progress = try reopen(folder).1
    #expect(progress.lastCommit == commit(199) && progress.run == run())
  }
}
