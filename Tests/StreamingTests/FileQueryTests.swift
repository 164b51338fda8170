import Columns
import Connectors
import Contract
import Expressions
import Glibc
import Operators
import Testing

@testable import Streaming

/// From files to files, through the real source and sink.
struct FileQueryTests {
  private let schema = Schema([Field("n", .long), Field("k", .string)])

  private func catalog(_ faults: StorageFaults?) -> ConnectorCatalog {
    var environment = ConnectorEnvironment(print: { _ in })
    environment.storage = PosixStorage(faults: faults)
    environment.outputStorage = PosixStorage(isPrivate: false, faults: faults)
    return .builtIn(formats: FormatCatalog.builtIn.formats, environment)
  }

  private func definition(
    _ folder: TemporaryFolder, _ faults: StorageFaults?, partitionBy: [String]
  ) throws -> QueryDefinition {
    let catalog = catalog(faults)
    var settings = Settings(StreamingSettings.all)
    // Every log is folded as often as it can be.
    try settings.set("moontide.streaming.minBatchesToRetain", to: "2")
    try settings.set("moontide.streaming.log.rewriteBytes", to: "1")
    try settings.set("moontide.streaming.fileSink.log.compactInterval", to: "1")
    try settings.set("moontide.streaming.fileSource.log.compactInterval", to: "1")
    let source = try catalog.source("json")
    let request = SourceRequest(
      format: "json", schema: schema,
      options: Options([("path", folder.path + "/in"), ("maxFilesPerTrigger", "1")]),
      settings: settings, context: FormatContext(), clock: SystemClock())
    let output = schema.fields.map { Attribute($0.name, $0.type, isNullable: true) }
    let plan = StreamScan(
      sourceId: 1, source: source, request: request, sourceSchema: schema, output: output,
      places: [0, 1])
    var definition = QueryDefinition(
      plan: plan, outputMode: .append, trigger: .availableNow, sink: try catalog.sink("json"),
      options: Options([
        ("path", folder.path + "/out"), ("checkpointLocation", folder.path + "/checkpoint"),
      ]), settings: settings)
    definition.partitionColumns = partitionBy
    return definition
  }

  private func run(
    _ folder: TemporaryFolder, _ faults: StorageFaults? = nil, partitionBy: [String] = []
  ) throws {
    var environment = QueryEnvironment(pool: TestWorld.pool)
    environment.storage = PosixStorage(faults: faults)
    try StreamingQueries(environment: environment).start(
      definition(folder, faults, partitionBy: partitionBy)
    ).awaitTermination()
  }

  private func write(_ folder: TemporaryFolder, files: Int) throws {
    mkdir(folder.path + "/in", 0o700)
    for file in 0..<files {
      let lines = (0..<3).map { "{\"n\":\(file * 3 + $0),\"k\":\"k/\($0 % 2)\"}\n" }.joined()
      let handle = fopen(folder.path + "/in/\(file).json", "w")
      fputs(lines, handle)
      fclose(handle)
    }
  }

  /// All visible lines of the output and the names of what is hidden, as any reader sees them.
  private func output(_ folder: TemporaryFolder) throws -> (lines: [String], hidden: [String]) {
    var lines: [String] = []
    var hidden: [String] = []
    func walk(_ directory: String) throws {
      for name in try PosixStorage().list(directory) where name != "_moontide_metadata" {
        let path = directory + "/" + name
        if name.hasPrefix(".") {
          hidden.append(name)
        } else if name.contains("=") {
          try walk(path)
        } else {
          let text = String(decoding: try PosixStorage().read(path) ?? [], as: UTF8.self)
          lines += text.split(separator: "\n").map(String.init)
        }
      }
    }
    try walk(folder.path + "/out")
    return (lines.sorted(), hidden)
  }

  /// What a query or a batch read of the output sees, through the sink's log.
  private func readThroughLog(_ folder: TemporaryFolder) throws -> [Int64] {
    guard try PosixStorage().exists(folder.path + "/out") else { return [] }
    let request = SourceRequest(
      format: "json", schema: Schema([Field("n", .long)]),
      options: Options([("path", folder.path + "/out")]),
      settings: Settings(StreamingSettings.all), context: FormatContext(), clock: SystemClock())
    var found: [Int64] = []
    for split in try catalog(nil).source("json").table?(request).splits() ?? [] {
      let rows = try split.open(ReadRequest(columns: [0], batchRows: 100))
      while let batch = try rows.next() {
        for row in 0..<batch.count {
          if case .integer(let n) = batch.column(0).scalar(row) { found.append(n) }
        }
      }
    }
    return found
  }

  /// Ends the process before every call and goes on: every row is there once, and nothing else.
  @Test(arguments: [false, true], [[], ["k"]])
  func killedAtEveryCall(_ isTorn: Bool, _ partitionBy: [String]) throws {
    let quiet = TemporaryFolder()
    try write(quiet, files: 5)
    try run(quiet, partitionBy: partitionBy)
    let expected = try output(quiet).lines
    #expect(expected.count == 15)
    for number in 1...10_000 {
      let folder = TemporaryFolder()
      try write(folder, files: 5)
      let faults = StorageFaults { count, call, _ in
        guard count == number else { return nil }
        return isTorn && call == .write ? .torn : .kill
      }
      let failure = QueryRunTests.failure { try run(folder, faults, partitionBy: partitionBy) }
      #expect(failure == nil || failure?.condition == "KILLED", "\(String(describing: failure))")
      // A reader that comes now sees no row twice, and none that goes away.
      let between = (try? output(folder).lines) ?? []
      #expect(Set(between).count == between.count)
      let logged = try readThroughLog(folder)
      #expect(logged.sorted() == Array(0..<Int64(logged.count)), "call \(number)")
      #expect(logged.map { $0 / 3 } == logged.map { $0 / 3 }.sorted(), "in the order of batches")
      #expect(logged.count % 3 == 0 && logged.count <= between.count, "whole batches")
      try run(folder, partitionBy: partitionBy)
      let (lines, hidden) = try output(folder)
      #expect(lines == expected, "call \(number)")
      #expect(Set(between).isSubset(of: lines), "call \(number)")
      #expect(hidden.isEmpty, "call \(number): \(hidden)")
      #expect(try readThroughLog(folder).count == 15, "call \(number)")
      if !faults.isKilled { return }
    }
  }

  /// Makes each call fail, once or from then on: the query ends with a named failure, no sync is
  /// tried again on a file where one failed, and once the cause is gone all rows are there once.
  @Test(arguments: [ENOSPC, EIO], [false, true])
  func failsAtEveryCall(_ code: CInt, _ stays: Bool) throws {
    for number in 1...10_000 {
      let folder = TemporaryFolder()
      try write(folder, files: 4)
      let faults = StorageFaults { count, _, _ in
        count == number || stays && count > number ? .error(code) : nil
      }
      let failure = QueryRunTests.failure { try run(folder, faults) }
      if faults.count < number { return }
      if let failure {
        let expected = code == ENOSPC ? "DISK_FULL" : "DISK_ERROR"
        #expect(failure.condition == expected, "call \(number): \(failure)")
      }
      let calls = faults.calls
      let failed = calls[number - 1]
      if failed.call == .sync {
        let again = calls[number...].contains { $0.call == .sync && $0.path == failed.path }
        #expect(!again, "call \(number): \(failed.path) is synced again")
      }
      try run(folder)
      let (lines, hidden) = try output(folder)
      #expect(Set(lines).count == 12 && lines.count == 12, "call \(number)")
      #expect(hidden.isEmpty, "call \(number): \(hidden)")
    }
  }

  @Test func shortWritesGoOn() throws {
    let folder = TemporaryFolder()
    try write(folder, files: 4)
    try run(folder, StorageFaults { _, call, _ in call == .write ? .short : nil })
    #expect(try output(folder).lines.count == 12)
    #expect(try readThroughLog(folder).count == 12)
  }

  /// The logs of a query that runs for ever stay as long as what they must hold.
  @Test func logsDoNotGrow() throws {
    let folder = TemporaryFolder()
    var sizes: [[Int]] = []
    for round in 1...3 {
      try write(folder, files: round * 30)
      try run(folder)
      sizes.append(
        try ["checkpoint/batches.log", "out/_moontide_metadata/files.log"].map {
          try PosixStorage().read(folder.path + "/" + $0)?.count ?? 0
        })
    }
    #expect(zip(sizes[2], sizes[0]).allSatisfy { Double($0) < Double($1) * 1.2 }, "\(sizes)")
    #expect(try readThroughLog(folder).count == 270)
  }

  @Test func partitionsAreDirectories() throws {
    let folder = TemporaryFolder()
    try write(folder, files: 1)
    try run(folder, partitionBy: ["k"])
    #expect(
      try PosixStorage().list(folder.path + "/out") == ["_moontide_metadata", "k=k%2F0", "k=k%2F1"])
  }

  @Test func anotherQueryIsRefused() throws {
    let folder = TemporaryFolder()
    try write(folder, files: 1)
    try run(folder)
    try PosixStorage().removeDirectory(folder.path + "/checkpoint")
    let failure = QueryRunTests.failure { try run(folder) }
    #expect(failure?.condition == "SINK_BELONGS_TO_ANOTHER_QUERY")
  }
}
