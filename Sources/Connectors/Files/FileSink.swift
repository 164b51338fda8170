import Columns
import Contract
import Glibc
import Synchronization

/// Writes each batch as files, exactly once for any reader: first under hidden names, then one
/// record of the sink's log names them, then they are renamed into view. Where a process ended
/// between the last two, opening the sink finishes the renames.
final class FileSink: StreamSink {
  private let root: String
  private let queryId: String
  private let plan: PartitionedWriter.Plan
  private let log: RecordLog
  private let storage: any Storage
  private let clock: any Clock
  private var lastBatch: Int64 = -1
  /// What the log holds besides its header.
  private var records: [JSON]
  /// Batches whose records stay as they are.
  private let retained: Int
  /// Batches after which the records before those are folded.
  private let compactInterval: Int

  static let parameters: [Parameter] = [
    Parameter("path", .text, "The directory to write; `start(path)` sets it."),
    Parameter(
      "maxRecordsPerFile", .integer, default: "no limit", "Rows a file at most; 0: no limit."),
  ]

  init(_ request: SinkRequest, format: any FileFormat, storage: any Storage) throws {
    try request.options.check(
      against: FileConnectors.knownWriteParameters(format, isStreaming: true), of: request.format)
    guard let path = request.options["path"], !path.isEmpty else {
      throw Failure("PATH_NOT_SPECIFIED", "no path is given", hint: "Call `:start(path)`")
    }
    root = try LocalPath.checked(path)
    self.storage = storage
    queryId = request.queryId
    clock = request.clock
    plan = try Self.plan(request, format, root, storage)
    try storage.createDirectory(root + "/" + SinkLog.directory)
    let file = root + "/" + SinkLog.file
    if let found = try RecordLog.read(file, kind: SinkLog.kind, storage: storage),
      found.owner != queryId
    {
      throw Failure(
        "SINK_BELONGS_TO_ANOTHER_QUERY",
        "`\(root)` was written by the query \(found.owner), this one is \(queryId)",
        hint: "Write to another directory, or go on with that query's checkpoint")
    }
    retained = Int(clamping: request.settings[integer: FileSettings.retained])
    compactInterval = Int(clamping: request.settings[integer: FileSettings.sinkInterval])
    (log, records) = try RecordLog.open(
      file, kind: SinkLog.kind, owner: queryId, storage: storage)
    if let last = records.last {
      lastBatch = last["batchId"]?.integer ?? last["through"]?.integer ?? -1
      try show(last)
    }
    // What an attempt left that did not come to its record.
    try removeHidden(root)
  }

  /// How rows are laid out in files; also for batch writers.
  static func plan(
    _ request: SinkRequest, _ format: any FileFormat, _ root: String, _ storage: any Storage
  ) throws -> PartitionedWriter.Plan {
    let schema = request.schema
    var names: Set<String> = []
    let partitionColumns = try request.partitionColumns.map { name in
      guard names.insert(name.lowercased()).inserted else {
        throw Failure("COLUMN_ALREADY_EXISTS", "`\(name)` stands twice among the columns")
      }
      guard let index = schema.index(of: name) else {
        throw Failure(
          "PARTITION_COLUMN_NOT_FOUND", "there is no column `\(name)` to partition by",
          hint: Suggestion.sentence(for: name, among: schema.fields.map(\.name)))
      }
      let type = schema.fields[index].type
      guard !type.isNested else {
        throw Failure(
          "INVALID_PARTITION_COLUMN_DATA_TYPE",
          "`\(name)` of type \(type) cannot name directories")
      }
      // As the user wrote it.
      return (index: index, field: Field(name, type))
    }
    let partitioned = Set(partitionColumns.map(\.index))
    let fileColumns = schema.fields.indices.filter { !partitioned.contains($0) }
    guard !fileColumns.isEmpty else {
      throw Failure(
        "ALL_PARTITION_COLUMNS_NOT_ALLOWED", "all columns are partition columns",
        hint: "Leave one for the files")
    }
    var options = Options()
    let own = Set((Self.parameters + FileTableWriter.parameters).map { $0.name.lowercased() })
    for name in request.options.names where !own.contains(name.lowercased()) {
      options[name] = request.options[name]
    }
    let writer = try format.writer(
      schema: Schema(fileColumns.map { schema.fields[$0] }), options: options,
      context: request.context)
    return PartitionedWriter.Plan(
      root: root, writer: writer, fileColumns: fileColumns, partitionColumns: partitionColumns,
      timeZoneId: request.options["timeZone"] ?? request.context.timeZoneId,
      fileRows: Int(
        max(0, try request.options.integer("maxRecordsPerFile", in: Int64.min...Int64.max) ?? 0)),
      storage: storage)
  }

  /// As in Spark, where such sinks are not asked.
  var isCounted: Bool { false }
  var description: String { "FileSink[file:\(root)]" }

  var lastLoggedBatch: Int64? { lastBatch }

  private var hiddenPrefix: String { ".moontide-" + queryId + "-" }

  func begin(batch id: Int64, mode: OutputMode) throws -> (any SinkBatch)? {
    if id <= lastBatch { return nil }
    return Pending(self, batch: id, plan, hiddenPrefix: hiddenPrefix)
  }

  private func commit(batch id: Int64, _ files: [PartitionedWriter.Written]) throws {
    let modified = JSON.integer(clock.nowUs)
    let record = JSON.of([
      "batchId": .integer(id),
      "files": .array(
        files.map {
          .of([
            "path": .text($0.path), "hidden": .text($0.hiddenPath), "size": .integer($0.size),
            "modifiedUs": modified,
          ])
        }),
    ])
    try log.append([record])
    lastBatch = id
    records.append(record)
    try show(record)
    try compact()
  }

  /// Folds what is behind the retained batches: the log stays as long as they are, whatever the
  /// number of files.
  private func compact() throws {
    let (most, overflows) = retained.addingReportingOverflow(compactInterval)
    guard !overflows, records.count >= most else { return }
    let folded = records.prefix(records.count - retained)
    guard let last = folded.last?["batchId"]?.integer else { return }
    records = [SinkLog.folded(through: last)] + records.suffix(retained)
    try log.rewrite(records)
  }

  /// Gives the files of a record their names, as far as they have not got them.
  private func show(_ record: JSON) throws {
    for file in record["files"]?.array ?? [] {
      guard let path = file["path"]?.text, let hidden = file["hidden"]?.text else { continue }
      let from = root + "/" + hidden
      if try storage.exists(from) { try storage.move(from, to: root + "/" + path) }
    }
  }

  private func removeHidden(_ directory: String) throws {
    for name in try storage.list(directory) {
      let path = directory + "/" + name
      if name.hasPrefix(hiddenPrefix) {
        try storage.remove(path)
      } else if FileListing.partitionValue(name) != nil {
        var info = stat()
        if lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR { try removeHidden(path) }
      }
    }
  }

  func stop() { log.close() }

  /// Border (`@unchecked Sendable`): `sink` is used by `commit` alone, on the query's thread.
  private final class Pending: SinkBatch, @unchecked Sendable {
    private let sink: FileSink
    private let id: Int64
    private let plan: PartitionedWriter.Plan
    private let hiddenPrefix: String
    private let attempt = PartitionedWriter.attempt()
    private let written = Mutex<[Int: [PartitionedWriter.Written]]>([:])

    init(
      _ sink: FileSink, batch id: Int64, _ plan: PartitionedWriter.Plan, hiddenPrefix: String
    ) {
      self.sink = sink
      self.id = id
      self.plan = plan
      self.hiddenPrefix = hiddenPrefix
    }

    func writer(partition: Int) -> any BatchWriter {
      let name = PartitionedWriter.fileName(partition, "\(id)-\(attempt)", plan)
      let writer = PartitionedWriter(plan, fileName: name, hiddenName: hiddenPrefix + name)
      return PartitionFiles(writer) { [self] files in
        written.withLock { $0[partition] = files }
      }
    }

    func commit() throws {
      let files = written.withLock { $0 }.sorted { $0.key < $1.key }.flatMap(\.value)
      try sink.commit(batch: id, files)
    }

    func abort(_ failure: Failure) {
      for file in written.withLock({ $0 }).values.joined() {
        unlink(plan.root + "/" + file.hiddenPath)
      }
    }
  }
}
