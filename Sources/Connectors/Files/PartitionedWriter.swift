import Columns
import Contract
import Expressions
import Glibc

/// Writes the rows of one partition into files, one for each `key=value` directory that they name.
final class PartitionedWriter {
  /// A file that was written.
  struct Written: Sendable {
    /// Relative to the output directory.
    let path: String
    let hiddenPath: String
    let size: Int64
  }

  /// What all writers of a sink share.
  struct Plan: Sendable {
    let root: String
    let writer: any FormatWriter
    /// Columns that go into the file.
    let fileColumns: [Int]
    /// Columns that name directories.
    let partitionColumns: [(index: Int, field: Field)]
    /// Of the times in directory names.
    let timeZoneId: String
    /// Rows a file at most; 0: any number.
    let fileRows: Int
    let storage: any Storage
  }

  private final class Open {
    let log: any StorageLog
    let encoder: any BatchEncoder
    let path: String
    let hiddenPath: String
    var bytes: [UInt8] = []
    var rows = 0

    init(
      _ log: any StorageLog, _ encoder: any BatchEncoder, path: String, hiddenPath: String
    ) {
      self.log = log
      self.encoder = encoder
      self.path = path
      self.hiddenPath = hiddenPath
    }
  }

  private let plan: Plan
  private let fileName: String
  private let hiddenName: String
  private var open: [String: Open] = [:]
  private var order: [String] = []
  /// Files that are full, by directory how many.
  private var full: [Written] = []
  private var fullCount: [String: Int] = [:]

  /// Directories that one writer may have open.
  static let openLimit = 1024
  private static let flushBytes = 1 << 20

  init(_ plan: Plan, fileName: String, hiddenName: String) {
    self.plan = plan
    self.fileName = fileName
    self.hiddenName = hiddenName
  }

  /// What tells the files of one attempt from those of another.
  static func attempt() -> String { String(UInt64.random(in: 0...UInt64.max), radix: 16) }

  static func fileName(_ partition: Int, _ unique: String, _ plan: Plan) -> String {
    let number = String(partition)
    let part = String(repeating: "0", count: max(0, 5 - number.count)) + number
    return "part-\(part)-\(unique)" + plan.writer.fileExtension
  }

  func write(_ batch: Batch) throws {
    if plan.partitionColumns.isEmpty {
      // A file without rows still has what its format begins with.
      _ = try file("")
      return try write(batch, into: "")
    }
    let columns = plan.partitionColumns.map { batch.column($0.index) }
    var rows: [String: [Int]] = [:]
    var found: [String] = []
    for row in 0..<batch.count {
      let directory = zip(plan.partitionColumns, columns).map { column, vector in
        Self.directory(column.field, vector.scalar(row), plan.timeZoneId)
      }.joined(separator: "/")
      if rows[directory] == nil { found.append(directory) }
      rows[directory, default: []].append(row)
    }
    for directory in found {
      let selected = batch.selecting(Selection(rows[directory] ?? []))
      try write(selected, into: directory)
    }
  }

  private static func directory(_ field: Field, _ value: Scalar, _ zone: String) -> String {
    let text: String
    switch value {
    case .null: text = ""
    case .bytes(let bytes): text = String(decoding: bytes, as: UTF8.self)
    default: text = value.shownText(field.type, timeZoneId: zone)
    }
    // Spark writes the empty string as it writes NULL.
    let shown = text.isEmpty ? PartitionValue.nullText : PercentText.encoded(text)
    return PercentText.encoded(field.name) + "=" + shown
  }

  private func write(_ batch: Batch, into directory: String) throws {
    let columns = Batch(plan.fileColumns.map { batch.column($0) }, count: batch.count)
    var start = 0
    while start < batch.count {
      let file = try file(directory)
      let room = plan.fileRows == 0 ? batch.count : plan.fileRows - file.rows
      let next = min(start + room, batch.count)
      let isWhole = start == 0 && next == batch.count
      let piece = isWhole ? columns : columns.selecting(Selection(Array(start..<next)))
      try file.encoder.encode(piece, into: &file.bytes)
      file.rows += next - start
      start = next
      if plan.fileRows > 0, file.rows == plan.fileRows {
        full.append(try end(file))
        fullCount[directory, default: 0] += 1
        open[directory] = nil
        order.removeAll { $0 == directory }
      } else if file.bytes.count >= Self.flushBytes {
        try flush(file)
      }
    }
  }

  /// `part-00000-x.json`, and for a directory's further files `part-00000-x-c001.json`.
  private func name(_ name: String, of directory: String) -> String {
    guard let count = fullCount[directory] else { return name }
    let number = String(count)
    let end = plan.writer.fileExtension
    return name.dropLast(end.count) + "-c" + String(repeating: "0", count: max(0, 3 - number.count))
      + number + end
  }

  private func file(_ directory: String) throws -> Open {
    if let known = open[directory] { return known }
    guard open.count < Self.openLimit else {
      throw Failure(
        "TOO_MANY_PARTITIONS",
        "one task of a batch writes into more than \(Self.openLimit) directories",
        hint: "Partition by a column with fewer values")
    }
    for part in directory.split(separator: "/") where part.utf8.count > 255 {
      throw Failure(
        "PARTITION_VALUE_TOO_LONG", "a directory's name would have \(part.utf8.count) bytes",
        hint: "A partition value must fit a file name of 255 bytes")
    }
    let folder = directory.isEmpty ? plan.root : plan.root + "/" + directory
    if !directory.isEmpty { try plan.storage.createDirectory(folder) }
    let prefix = directory.isEmpty ? "" : directory + "/"
    let hiddenName = name(self.hiddenName, of: directory)
    let log = try plan.storage.openLog(folder + "/" + hiddenName, keeping: 0)
    let made = Open(
      log, try plan.writer.makeEncoder(), path: prefix + name(fileName, of: directory),
      hiddenPath: prefix + hiddenName)
    open[directory] = made
    order.append(directory)
    return made
  }

  private func flush(_ file: Open) throws {
    try file.bytes.withUnsafeBytes { try file.log.write([$0]) }
    file.bytes.removeAll(keepingCapacity: true)
  }

  /// Ends the files, durable under their hidden names.
  func finish() throws -> [Written] {
    try full + order.compactMap { try open[$0].map(end) }
  }

  private func end(_ file: Open) throws -> Written {
    try file.encoder.finish(into: &file.bytes)
    try flush(file)
    try file.log.sync()
    file.log.close()
    return Written(path: file.path, hiddenPath: file.hiddenPath, size: Int64(file.log.size))
  }

  /// Removes what was written.
  func discard() {
    for file in full { unlink(plan.root + "/" + file.hiddenPath) }
    for file in open.values {
      file.log.close()
      unlink(plan.root + "/" + file.hiddenPath)
    }
  }
}

/// A partition's rows on their way into files.
final class PartitionFiles: BatchWriter {
  private let writer: PartitionedWriter
  private let done: ([PartitionedWriter.Written]) -> Void

  init(_ writer: PartitionedWriter, done: @escaping ([PartitionedWriter.Written]) -> Void) {
    self.writer = writer
    self.done = done
  }

  func write(_ batch: Batch) throws { try writer.write(batch) }
  func close() throws { done(try writer.finish()) }
  func abort(_ failure: Failure) { writer.discard() }
}
