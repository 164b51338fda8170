import CSimdJSON
import Columns
import Contract
import Glibc

/// Reads JSON records into columns: lines of a file, whole documents, or the strings of a column.
///
/// One thread at a time. Give it a block with `begin`, call `read` until it says that the block is
/// done, and take the rows with `finish` whenever there are enough. A record that FAILFAST refuses
/// is thrown as `MalformedRecordError`.
public final class JSONReader {
  private let columns: RecordColumns
  private let shapes: JSONShapes
  private let options: JSONReadOptions
  private let corruptSlot: Int?
  /// Whether each struct of a top-level array is a row.
  private let spreadsArrays: Bool
  /// Whether a record without any value is a NULL row rather than no row.
  private let keepsBlank: Bool
  private let isStructure: Bool
  private let index: OpaquePointer
  private let indexCapacity: Int
  private let scratch: JSONScratch
  private var tolerant: JSONTolerantReader
  private var times: TextTimes

  /// Takes the records that FAILFAST refuses; without it one ends the read.
  public var refused: ((MalformedRecordError) -> Void)?

  // The block being read.
  private var buffer = Buffer.empty
  /// Ranges not begun, the next one last; each ends behind a line feed.
  private var pending: [Range<Int>] = []
  /// What is left of the range at hand, and where its index counts from; -1: it has none.
  private var rest = 0..<0
  private var indexOrigin = -1
  private var indexAt = 0
  private var hasBackslash = false
  /// Ends of records where they are not lines: behind each stands a line feed. The next one last.
  private var recordEnds: [Int]?

  /// Readers of files: a row has `fields`, one of which may be the corrupt-record column.
  public convenience init(
    fields: [Field], options: JSONReadOptions, blockCapacity: Int, rowCapacity: Int
  ) throws {
    let hidden = fields.firstIndex { $0.name == options.columnNameOfCorruptRecord }
    if let hidden, fields[hidden].type != .string {
      throw Failure(
        "INVALID_CORRUPT_RECORD_TYPE",
        "the column `\(fields[hidden].name)` for corrupt records must be a nullable "
          + "STRING, not \(fields[hidden].type)"
      )
    }
    if fields.count == 1, hidden == 0 { throw Failure.onlyCorruptRecord(fields[0].name) }
    try self.init(
      .structure(fields), hidden: hidden, spreadsArrays: true, keepsBlank: false, options: options,
      blockCapacity: blockCapacity, rowCapacity: rowCapacity)
  }

  init(
    _ type: DataType, hidden: Int?, spreadsArrays: Bool, keepsBlank: Bool, options: JSONReadOptions,
    blockCapacity: Int, rowCapacity: Int
  ) throws {
    try JSONReader.check(type)
    columns = RecordColumns(type, rowCapacity: rowCapacity)
    shapes = JSONShapes(columns, hidden: hidden)
    self.options = options
    let firstChild = columns.slots[0].firstChild
    corruptSlot = hidden.map { firstChild + $0 }
    self.spreadsArrays = spreadsArrays
    self.keepsBlank = keepsBlank
    isStructure = columns.slots[0].kind == .structure
    indexCapacity = blockCapacity
    guard let index = moontide_json_index_create(blockCapacity) else {
      throw Failure(
        "OUT_OF_MEMORY", "no memory for the index of a JSON block of \(blockCapacity) bytes")
    }
    self.index = index
    scratch = JSONScratch(options)
    times = try TextTimes(options.times)
    tolerant = JSONTolerantReader(
      options: options, columns: columns, slots: columns.slots, shapes: shapes.shapes,
      scratch: scratch, times: times, base: UnsafePointer(Buffer.empty.typed(UInt8.self)))
  }

  deinit { moontide_json_index_free(index) }

  /// Refuses types that no JSON text can have.
  private static func check(_ type: DataType) throws {
    if case .map(let key, _, _) = type, key != .string {
      throw Failure(
        "INVALID_JSON_SCHEMA_MAP_TYPE",
        "the keys of a map read from JSON are STRING, not \(key)",
        hint:
          "Declare "
          + "\(DataType.map(.string, type.childTypes[1], valueContainsNull: true)) and "
          + "cast the keys"
      )
    }
    for child in type.childTypes { try check(child) }
  }

  /// Rows that `finish` would give.
  public var count: Int { columns.count }

  /// The rows so far, as one vector of the root's type.
  public func finish() -> Vector { columns.finish() }

  // MARK: Blocks

  /// Starts on lines of a block. The last byte of the range is a line feed; the buffer must stay as
  /// it is, since strings become views into it.
  public func begin(lines buffer: Buffer, _ range: Range<Int>) {
    self.buffer = buffer
    recordEnds = nil
    rest = 0..<0
    pending = range.isEmpty ? [] : [range]
  }

  /// Starts on records that lie one behind the other, each followed by a line feed. `ends` are the
  /// positions of those line feeds.
  public func begin(records buffer: Buffer, _ range: Range<Int>, ends: [Int]) {
    begin(lines: buffer, range)
    recordEnds = ends.reversed()
  }

  /// Reads records until the block is done (true) or `limit` rows are there (false).
  public func read(limit: Int) throws -> Bool {
    while true {
      if columns.count >= limit { return rest.isEmpty && pending.isEmpty }
      if rest.isEmpty {
        guard let next = pending.popLast() else { return true }
        begin(next)
        continue
      }
      if indexOrigin >= 0 {
        try walk(limit)
      } else {
        let end = recordEnd(rest.lowerBound)
        try judge(rest.lowerBound, end)
        advance(to: end + 1)
      }
    }
  }

  /// Indexes a range, or cuts it in two where it cannot be indexed as a whole, so that one bad
  /// record does not slow down its neighbours.
  private func begin(_ range: Range<Int>) {
    rest = range
    let bytes = buffer.typed(UInt8.self)
    let length = range.count - 1
    if length <= indexCapacity, length > 0 {
      let found = moontide_json_index_block(index, bytes + range.lowerBound, length)
      if found >= 0 {
        indexOrigin = range.lowerBound
        indexAt = 0
        hasBackslash = memchr(bytes + range.lowerBound, Int32(Ascii.backslash), length) != nil
        return
      }
    }
    indexOrigin = -1
    let middle = cut(range)
    if middle < range.upperBound {
      pending.append(middle..<range.upperBound)
      pending.append(range.lowerBound..<middle)
      rest = 0..<0
    }
  }

  /// The start of a record near the middle of a range; its end where it is one record.
  private func cut(_ range: Range<Int>) -> Int {
    if let recordEnds {
      let first = recordEnds.lastIndex { $0 >= range.lowerBound } ?? 0
      let last = recordEnds.lastIndex { $0 >= range.upperBound - 1 } ?? 0
      return recordEnds[(first + last + 1) / 2] + 1
    }
    let bytes = buffer.typed(UInt8.self)
    let middle = range.lowerBound + range.count / 2
    if let end = memchr(bytes + middle, 0x0A, range.upperBound - middle - 1) {
      return end.assumingMemoryBound(to: UInt8.self) - bytes + 1
    }
    var end = middle
    while end > range.lowerBound, bytes[end - 1] != Ascii.lineFeed { end -= 1 }
    return end > range.lowerBound ? end : range.upperBound
  }

  /// The position of the line feed behind the record that starts here.
  @inline(__always)
  private func recordEnd(_ start: Int) -> Int {
    if let recordEnds { return recordEnds[recordEnds.count - 1] }
    let bytes = buffer.typed(UInt8.self)
    let found = memchr(bytes + start, 0x0A, rest.upperBound &- start)
    return found.map { $0.assumingMemoryBound(to: UInt8.self) - bytes } ?? rest.upperBound &- 1
  }

  private func advance(to start: Int) {
    rest = min(start, rest.upperBound)..<rest.upperBound
    if recordEnds != nil { recordEnds?.removeLast() }
  }

  /// Follows the index from record to record.
  private func walk(_ limit: Int) throws {
    let origin = indexOrigin
    let positions = moontide_json_index_positions(index)!
    let bytes = UnsafePointer(buffer.typed(UInt8.self)) + origin
    var walker = JSONWalker(
      bytes: bytes, index: positions, slots: columns.slots, shapes: shapes.shapes,
      columns: Unmanaged.passUnretained(columns), hasBackslash: hasBackslash,
      writesStringsAnew: options.writesStringsAnew,
      block: columns.add(block: buffer),
      blockOffset: origin, at: indexAt, times: times, scratch: scratch)
    var start = rest.lowerBound
    let last = rest.upperBound
    defer {
      times = walker.times
      indexAt = walker.at
      rest = start..<last
    }
    while start < last, columns.count < limit {
      let end = recordEnd(start)
      let first = Int(positions[walker.at])
      let row = columns.count
      let at = walker.at
      var isRead = false
      if first &+ origin >= end {
        if keepsBlank { columns.appendNull(0) }
        isRead = true
      } else if isStructure, bytes[first] == Ascii.openBrace, isBlank(start, first &+ origin) {
        isRead = walker.record(0) && Int(positions[walker.at &- 1]) &+ origin < end
      }
      if !isRead {
        columns.truncate(0, to: row)
        // The walker may have gone on into the records behind this one.
        walker.at = at
        try judge(start, end)
      }
      // Text behind the record's value is ignored.
      while Int(positions[walker.at]) &+ origin < end { walker.at &+= 1 }
      start = end &+ 1
      if recordEnds != nil { recordEnds?.removeLast() }
    }
  }

  @inline(__always)
  private func isBlank(_ from: Int, _ to: Int) -> Bool {
    let bytes = buffer.typed(UInt8.self)
    for at in from..<to where !Ascii.isBlank(bytes[at]) { return false }
    return true
  }

  // MARK: Judgement

  /// Reads one record with the tolerant reader and settles what becomes of it.
  private func judge(_ start: Int, _ lineEnd: Int) throws {
    let bytes = UnsafePointer(buffer.typed(UInt8.self))
    let isCarriage = recordEnds == nil && lineEnd > start && bytes[lineEnd - 1] == 0x0D
    let end = isCarriage ? lineEnd - 1 : lineEnd
    let block = columns.add(block: buffer)
    let row = columns.count
    tolerant.start(bytes, from: start, to: end, block: block)
    do {
      guard try root() else {
        if keepsBlank { columns.appendNull(0) }
        return
      }
      if !tolerant.isBad { return }
    } catch {
      columns.truncate(0, to: row)
      tolerant.isBad = true
    }
    switch options.mode {
    case .permissive: keep(start, end, from: row, block)
    case .dropMalformed: columns.truncate(0, to: row)
    case .failFast:
      let unknown = Failure("MALFORMED_JSON", "the text is no JSON object")
      let error = MalformedRecordError(start..<end, reason: tolerant.reason ?? unknown)
      guard let refused else { throw error }
      columns.truncate(0, to: row)
      refused(error)
    }
  }

  /// A bad record's rows stay, or one row of NULLs, with its text in the corrupt-record column.
  private func keep(_ start: Int, _ end: Int, from row: Int, _ block: Int) {
    if columns.count == row {
      if isStructure { columns.endStructure(0) } else { columns.appendNull(0) }
    }
    guard let corruptSlot else { return }
    columns.truncate(corruptSlot, to: row)
    // A byte order mark is no part of the record.
    let bytes = buffer.typed(UInt8.self)
    let hasMark =
      end - start >= 3 && bytes[start] == 0xEF && bytes[start + 1] == 0xBB
      && bytes[start + 2] == 0xBF
    let start = hasMark ? start + 3 : start
    let text = StringView(buffer.pointer + start, count: end - start, block: block, offset: start)
    for _ in row..<columns.count { columns.append(text, to: corruptSlot) }
  }

  /// The record's value, or its rows; false where it has none.
  private func root() throws(JSONFault) -> Bool {
    try tolerant.skipBlanks()
    guard tolerant.at < tolerant.end else { return false }
    let token = try tolerant.token()
    switch columns.slots[0].kind {
    case .structure:
      if token == .array, spreadsArrays {
        try tolerant.enter()
        try tolerant.elements { (reader: inout JSONTolerantReader) throws(JSONFault) in
          // A NULL or anything but a struct makes the whole record corrupt.
          guard reader.at < reader.end, try reader.token() == .object else {
            throw reader.unexpected("where an object is expected")
          }
          try reader.value(0, row: reader.slots[0].count)
        }
        return true
      }
      guard token == .object else { throw tolerant.syntaxError("the text is no JSON object") }
    case .array:
      // A single struct counts as an array of one.
      let element = columns.slots[0].firstChild
      if token == .object, columns.slots[element].kind == .structure {
        try tolerant.value(element, row: columns.slots[element].count)
        columns.endList(0)
        return true
      }
      guard token == .array else { throw tolerant.syntaxError("the text is no JSON array") }
    default:
      guard token == .object else { throw tolerant.syntaxError("the text is no JSON object") }
    }
    try tolerant.value(0, row: columns.count)
    return true
  }
}

/// A record that FAILFAST refuses.
public struct MalformedRecordError: Error {
  /// Where it lies, in the block it was read from.
  public let range: Range<Int>
  /// What is wrong with it.
  public let reason: Failure

  init(_ range: Range<Int>, reason: Failure) {
    self.range = range
    self.reason = reason
  }

  static let headerMismatch = "CSV_HEADER_MISMATCH"

  /// As Spark reports it; `place` names the file and the position in it.
  public func failure(at place: String) -> Failure {
    if reason.condition == Self.headerMismatch {
      return Failure(
        reason.condition, "\(reason.message), in \(place)", hint: reason.hint,
        details: reason.details)
    }
    return Failure(
      "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
      "a record in \(place) is malformed: \(reason.message)",
      hint: "With the mode PERMISSIVE, what cannot be read is NULL", cause: reason)
  }
}
