import Columns
import Contract
import Glibc

/// A string that FAILFAST refuses.
public struct RefusedRecord: Error {
  /// Which of the column's rows, from 0.
  public let row: Int
  public let failure: Failure

  /// `first`: the row that the block began with; `ends`: where the records of the block end.
  init(_ error: MalformedRecordError, first: Int, _ ends: [Int], _ function: String) {
    let place = ends.firstIndex { $0 >= error.range.lowerBound } ?? 0
    row = first + place
    failure = error.failure(at: "row \(row + 1) of \(function)")
  }
}

/// Copies the strings of a column into blocks, one record behind the other, each with a line feed
/// behind it. NULL becomes an empty record.
struct RecordBlocks {
  let strings: Vector
  private var row = 0

  init(_ strings: Vector) { self.strings = strings }

  /// The next block with the ends of its records; nil behind the last row.
  mutating func next() -> (buffer: Buffer, range: Range<Int>, ends: [Int])? {
    guard row < strings.count else { return nil }
    let reader = strings.strings
    let first = row
    var size = 0
    while row < strings.count {
      let count = strings.isNull(row) ? 0 : reader[row].count
      if size > 0, size + count + 1 > JSONColumnReader.blockSize { break }
      size += count + 1
      row += 1
    }
    let buffer = Buffer(capacity: size)
    let bytes = buffer.typed(UInt8.self)
    var ends: [Int] = []
    ends.reserveCapacity(row - first)
    var at = 0
    for row in first..<row {
      if !strings.isNull(row) {
        let text = reader[row]
        if let base = text.baseAddress { memcpy(bytes + at, base, text.count) }
        at += text.count
      }
      ends.append(at)
      bytes[at] = 0x0A
      at += 1
    }
    return (buffer, 0..<at, ends)
  }
}

/// `from_json`: the strings of a column as structs, arrays or maps. One thread at a time.
public final class JSONColumnReader {
  private let reader: JSONReader

  static let blockSize = 128 << 10

  /// Without DROPMALFORMED: every row has a result.
  public init(_ type: DataType, options: JSONReadOptions) throws {
    try refuseDropping(options.mode, "from_json")
    switch type {
    case .structure, .array, .map: break
    default:
      throw Failure(
        "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
        "`from_json` makes structs, arrays and maps, but not a value of type \(type)")
    }
    try refuseKeys(type)
    var hidden: Int?
    if case .structure(let fields) = type {
      hidden = fields.firstIndex { $0.name == options.columnNameOfCorruptRecord }
    }
    reader = try JSONReader(
      type, hidden: hidden, spreadsArrays: false, keepsBlank: true, options: options,
      blockCapacity: Self.blockSize + 64, rowCapacity: 1024)
  }

  /// One row a string; NULL and blank strings give NULL.
  public func read(_ strings: Vector) throws -> Vector {
    var blocks = RecordBlocks(strings)
    var first = 0
    while let (buffer, range, ends) = blocks.next() {
      defer { first += ends.count }
      reader.begin(records: buffer, range, ends: ends)
      do {
        while try !reader.read(limit: .max) {}
      } catch let error as MalformedRecordError {
        _ = reader.finish()
        throw RefusedRecord(error, first: first, ends, "from_json")
      }
    }
    return reader.finish()
  }
}

/// `from_csv`: the strings of a column as structs. One thread at a time.
public final class CSVColumnReader {
  private let reader: CSVReader

  public init(_ fields: [Field], options: CSVOptions) throws {
    try refuseDropping(options.mode, "from_csv")
    reader = try CSVReader(
      fields: fields, columns: Array(fields.indices), options: options, rowCapacity: 1024)
  }

  /// One row a string; NULL gives NULL.
  public func read(_ strings: Vector) throws -> Vector {
    var blocks = RecordBlocks(strings)
    var first = 0
    while let (buffer, range, ends) = blocks.next() {
      defer { first += ends.count }
      reader.begin(strings: buffer, range, ends: ends)
      do {
        while try !reader.read(limit: .max) {}
      } catch let error as MalformedRecordError {
        _ = reader.finish()
        throw RefusedRecord(error, first: first, ends, "from_csv")
      }
    }
    let rows = reader.finish()
    return strings.nullCount == 0 ? rows : rows.with(validity: strings.flat.validity)
  }
}

private func refuseKeys(_ type: DataType) throws {
  if case .map(let key, _, _) = type, key != .string {
    throw Failure(
      "DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE",
      "the keys of a map that `from_json` reads are STRING, not \(key)",
      hint: "Read STRING keys and cast them, for instance with `transform_keys`")
  }
  for child in type.childTypes { try refuseKeys(child) }
}

private func refuseDropping(_ mode: ParseMode, _ name: String) throws {
  guard mode == .dropMalformed else { return }
  throw Failure(
    "PARSE_MODE_UNSUPPORTED", "the function `\(name)` does not know the mode DROPMALFORMED",
    hint: "Acceptable modes are PERMISSIVE and FAILFAST")
}
