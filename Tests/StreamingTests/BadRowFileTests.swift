import Columns
import Contract
import Expressions
import Testing

@testable import Streaming

struct BadRowFileTests {
  private let schema = Schema([Field("n", .long)])

  private func open(_ folder: TemporaryFolder, lastCommitted: Int64?) throws -> BadRowFile {
    let options = Options([("badRows", folder.path + "/aside")])
    let file = try BadRowFile(
      options, queryId: "q", lastCommitted: lastCommitted, storage: PosixStorage())
    return try #require(file)
  }

  private func put(_ file: BadRowFile, batch: Int64, _ rows: [(n: Int64, partition: Int)]) {
    let collector = file.begin(batch: batch, sources: [:])
    for row in rows {
      collector.put(
        BadRow(
          .expression, Failure("BAD", "bad"), [.integer(row.n)], schema: schema, position: 1),
        task: TaskContext().with(partition: row.partition, worker: 0))
    }
  }

  private func names(_ folder: TemporaryFolder) throws -> [String] {
    try PosixStorage().list(folder.path + "/aside")
  }

  /// A batch's rows are hidden until the log has its commit; the next run settles which it was.
  @Test func theLogDecides() throws {
    let folder = TemporaryFolder()
    let first = try open(folder, lastCommitted: nil)
    put(first, batch: 0, [(1, 0)])
    try first.prepare()
    #expect(try names(folder) == [".batch-0-q.json"])
    _ = try open(folder, lastCommitted: nil)
    #expect(try names(folder).isEmpty, "not committed: as if it had not been")
    put(first, batch: 0, [(1, 0)])
    try first.prepare()
    _ = try open(folder, lastCommitted: 0)
    #expect(try names(folder) == ["batch-0-q.json"], "committed: it comes into view")
    // A batch that was taken back and runs again.
    let second = try open(folder, lastCommitted: nil)
    put(second, batch: 0, [(2, 0)])
    try second.prepare()
    try second.show()
    let text = try PosixStorage().read(folder.path + "/aside/batch-0-q.json") ?? []
    #expect(String(decoding: text, as: UTF8.self).contains("{\"n\":2}"))
    #expect(try names(folder) == ["batch-0-q.json"])
  }

  /// Whatever order workers come in, the file is the same.
  @Test func inTheOrderOfPartitions() throws {
    var texts: Set<[UInt8]> = []
    for rows in [[(1, 0), (2, 0), (3, 1)], [(3, 1), (1, 0), (2, 0)], [(1, 0), (3, 1), (2, 0)]] {
      let folder = TemporaryFolder()
      let file = try open(folder, lastCommitted: nil)
      put(file, batch: 7, rows.map { (n: Int64($0.0), partition: $0.1) })
      try file.prepare()
      try file.show()
      texts.insert(try PosixStorage().read(folder.path + "/aside/batch-7-q.json") ?? [])
      #expect(file.rowCounts.map(\.count) == [3])
    }
    #expect(texts.count == 1)
  }

  @Test func lateRowsNeedAPlace() throws {
    let options = Options([("badRows.late", "true")])
    let failure = QueryRunTests.failure {
      _ = try BadRowFile(options, queryId: "q", lastCommitted: nil, storage: PosixStorage())
    }
    #expect(failure?.condition == "INVALID_OPTION_VALUE")
  }
}
