import CSystem

/// A log of JSON records in one file to which is only added: a line a record, each with its
/// checksum and length, a header first that says what the file is. Text, so that a person can look
/// at it.
///
///     6f1ed002ab5595859014ebf0951522d9 54 {"moontide":"batches","format":1,…}
///
/// A record that the last writer did not finish is cut when the log is opened. Any other damage is
/// a failure that names the file and the place. One owner, one thread at a time.
public final class RecordLog {
  public let path: String
  /// Bytes of an unfinished record that opening cut off.
  public let tornByteCount: Int
  private let storage: any Storage
  private let header: JSON
  private var log: any StorageLog

  /// The newest format of any log that this program reads.
  public static let format: Int64 = 1

  /// Opens or makes the log and gives the records that it holds. `kind` is what the header must
  /// say; `owner` is written into a new one.
  public static func open(
    _ path: String, kind: String, owner: String, storage: any Storage
  ) throws -> (log: RecordLog, records: [JSON]) {
    let header = JSON.of([
      "moontide": .text(kind), "format": .integer(format), "queryId": .text(owner),
    ])
    try storage.removeUnfinished(path)
    guard let bytes = try storage.read(path), !bytes.isEmpty else {
      try storage.replace(path, Array(line(header).utf8))
      let log = try storage.openLog(path, keeping: nil)
      return (RecordLog(path, header, log, torn: 0, storage), [])
    }
    let contents = try RecordLogContents(bytes, path: path, kind: kind)
    try RecordLogContents.check(owner: contents.owner, is: owner, path: path)
    let log = try storage.openLog(path, keeping: contents.soundByteCount)
    let torn = bytes.count - contents.soundByteCount
    return (RecordLog(path, header, log, torn: torn, storage), contents.records)
  }

  private init(
    _ path: String, _ header: JSON, _ log: any StorageLog, torn: Int, _ storage: any Storage
  ) {
    self.path = path
    self.header = header
    self.log = log
    self.storage = storage
    tornByteCount = torn
  }

  /// The records of a log that another owner may be writing; nil where there is none.
  public static func read(
    _ path: String, kind: String, storage: any Storage
  ) throws -> RecordLogContents? {
    guard let bytes = try storage.read(path), !bytes.isEmpty else { return nil }
    return try RecordLogContents(bytes, path: path, kind: kind)
  }

  public var size: Int { log.size }

  /// Adds records; durable, all or none, when it returns.
  public func append(_ records: [JSON]) throws {
    try log.append(records.map(Self.line).joined())
  }

  /// Puts a log with these records in the place of this one.
  public func rewrite(_ records: [JSON]) throws {
    let text = Self.line(header) + records.map(Self.line).joined()
    log.close()
    try storage.replace(path, Array(text.utf8))
    log = try storage.openLog(path, keeping: nil)
  }

  public func close() { log.close() }

  static func line(_ record: JSON) -> String {
    let text = record.description
    let count = text.utf8.count
    return "\(checksum(Array(text.utf8)[...])) \(count) \(text)\n"
  }

  /// 128 bits as 32 hexadecimal digits.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.withUnsafeBytes { bytes in
      [0, 0x6D6F_6F6E].map { (seed: UInt64) in
        let hex = String(moontide_hash64(bytes.baseAddress, UInt(bytes.count), seed), radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
      }.joined()
    }
  }
}

/// What a `RecordLog` file holds.
public struct RecordLogContents: Sendable {
  /// The query that the header names.
  public let owner: String
  public let records: [JSON]
  /// Where the last whole record ends.
  public let soundByteCount: Int

  init(_ bytes: [UInt8], path: String, kind: String) throws {
    let lines = RecordLogLines(bytes, path: path)
    // A log of a newer format may look like damage.
    if lines.records.isEmpty, let damage = lines.damage { throw damage }
    owner = try Self.owner(lines.records.first, path: path, kind: kind)
    if let damage = lines.damage { throw damage }
    records = Array(lines.records.dropFirst())
    soundByteCount = lines.soundByteCount
  }

  /// Refuses a log of another query.
  public static func check(owner: String, is wanted: String, path: String) throws {
    guard owner != wanted else { return }
    throw Failure(
      "STREAMING_CHECKPOINT_MISMATCH",
      "`\(path)` belongs to query \(owner), not to query \(wanted)",
      hint: "Files of different checkpoints were mixed; put back the right one")
  }

  /// Checks a log's header and gives the query that it names.
  public static func owner(_ header: JSON?, path: String, kind: String) throws -> String {
    guard let header, let owner = header["queryId"]?.text, let format = header["format"]?.integer
    else {
      throw Failure(
        "STREAMING_LOG_CORRUPT", "`\(path)` does not begin with the header of a log",
        hint: "Restore the checkpoint from a copy, or start with a new one")
    }
    guard format <= RecordLog.format else {
      throw Failure(
        "STREAMING_LOG_FORMAT_UNSUPPORTED",
        "`\(path)` has format \(format); this program reads formats up to \(RecordLog.format)",
        hint: "A newer Moontide wrote it; use that one")
    }
    guard header["moontide"]?.text == kind else {
      throw Failure(
        "STREAMING_LOG_CORRUPT",
        "`\(path)` is a log of \(header["moontide"]?.text ?? "something else"), not of \(kind)",
        hint: "Files of a checkpoint were mixed; put back the right one")
    }
    return owner
  }
}

/// The lines of a log, up to the end or to the first that is damaged.
public struct RecordLogLines: Sendable {
  public private(set) var records: [JSON] = []
  /// Where the last whole record ends.
  public private(set) var soundByteCount = 0
  /// What stands behind the last whole record, unless it is an unfinished one.
  public private(set) var damage: Failure?

  public init(_ bytes: [UInt8], path: String) {
    var at = 0
    while at < bytes.count {
      guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) else {
        // Shorter than it says: the writer was cut off. Longer: its line end was damaged.
        if !Self.isShort(bytes[at...]) { damage = Self.damage(path, at, records.count) }
        return
      }
      if let record = Self.record(bytes[at..<end]) {
        records.append(record)
        at = end + 1
        soundByteCount = at
        continue
      }
      // The tail of a torn append holds zeros where pages did not reach the disk, or stops early;
      // a whole line with another checksum is damage.
      if !bytes[at...].contains(0) || Self.hasRecord(bytes, after: end + 1) {
        damage = Self.damage(path, at, records.count)
      }
      return
    }
  }

  private static func damage(_ path: String, _ at: Int, _ number: Int) -> Failure {
    Failure(
      "STREAMING_LOG_CORRUPT",
      "`\(path)` is damaged at byte \(at): record \(number) has another checksum",
      hint: "Restore the checkpoint from a copy, or start with a new one")
  }

  private static func isShort(_ tail: ArraySlice<UInt8>) -> Bool {
    let parts = tail.split(separator: 32, maxSplits: 2)
    guard parts.count == 3, let count = Int(String(decoding: parts[1], as: UTF8.self)) else {
      return parts.count < 3 || tail.contains(0)
    }
    return parts[2].count <= count || tail.contains(0)
  }

  private static func record(_ line: ArraySlice<UInt8>) -> JSON? {
    let parts = line.split(separator: 32, maxSplits: 2)
    guard parts.count == 3, let count = Int(String(decoding: parts[1], as: UTF8.self)),
      parts[2].count == count,
      RecordLog.checksum(parts[2]) == String(decoding: parts[0], as: UTF8.self)
    else { return nil }
    return JSON.parse(parts[2])
  }

  private static func hasRecord(_ bytes: [UInt8], after start: Int) -> Bool {
    guard start < bytes.count else { return false }
    return bytes[start...].split(separator: UInt8(ascii: "\n")).contains { record($0) != nil }
  }
}
