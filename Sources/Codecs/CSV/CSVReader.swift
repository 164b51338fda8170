import Columns
import Contract
import Glibc

/// Reads CSV records into columns: lines of a file, whole files, or the strings of a column.
///
/// One thread at a time, used as `JSONReader` is.
public final class CSVReader {
  private let columns: RecordColumns
  private let options: CSVOptions
  /// By position in a record: the slot of the value, or -1.
  private let slotOfColumn: [Int]
  private let corruptSlot: Int?
  /// Whether a record with more or fewer values than the schema has is malformed.
  private let checksCount: Bool
  private let dataNames: [String]
  private var tokenizer: CSVTokenizer
  private var times: TextTimes

  private var buffer = Buffer.empty
  private var rest = 0..<0
  private var recordEnds: [Int]?
  private var lineEnd = CSVTokenizer.LineEnd.none
  private var skipsHeader = false
  private var keepsBlank = false
  private var reason: Failure?
  /// Takes the records that FAILFAST refuses; without it one ends the read.
  public var refused: ((MalformedRecordError) -> Void)?

  /// `fields`: the whole schema, with the corrupt-record column where it has one. `columns`: which
  /// of them are wanted.
  public init(fields: [Field], columns wanted: [Int], options: CSVOptions, rowCapacity: Int) throws
  {
    try Self.check(fields)
    let hidden = fields.firstIndex { $0.name == options.columnNameOfCorruptRecord }
    if let hidden, fields[hidden].type != .string {
      throw Failure(
        "INVALID_CORRUPT_RECORD_TYPE",
        "the column `\(fields[hidden].name)` for corrupt records must be a nullable "
          + "STRING, not \(fields[hidden].type)"
      )
    }
    if let hidden, wanted == [hidden] { throw Failure.onlyCorruptRecord(fields[hidden].name) }
    columns = RecordColumns(.structure(wanted.map { fields[$0] }), rowCapacity: rowCapacity)
    let firstChild = columns.slots[0].firstChild
    let data = fields.indices.filter { $0 != hidden }
    slotOfColumn = data.map { index in wanted.firstIndex(of: index).map { firstChild + $0 } ?? -1 }
    dataNames = data.map { fields[$0].name }
    corruptSlot = hidden.flatMap { wanted.firstIndex(of: $0) }.map { firstChild + $0 }
    checksCount = corruptSlot != nil || !slotOfColumn.contains(-1)
    self.options = options
    tokenizer = CSVTokenizer(options)
    times = try TextTimes(options.times)
  }

  /// Refuses types that no CSV text can have.
  private static func check(_ fields: [Field]) throws {
    for field in fields where field.type.isNested || field.type == .null {
      throw Failure(
        "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
        "CSV has no text for the column `\(field.name)` of type \(field.type)")
    }
  }

  /// Rows that `finish` would give.
  public var count: Int { columns.count }

  /// The rows so far, as one vector of structs.
  public func finish() -> Vector { columns.finish() }

  // MARK: Blocks

  /// Starts on lines of a block; `isFileStart`: a byte order mark and a header may stand first.
  public func begin(lines buffer: Buffer, _ range: Range<Int>, isFileStart: Bool) {
    self.buffer = buffer
    recordEnds = nil
    rest = isFileStart ? withoutMark(range) : range
    lineEnd = .none
    skipsHeader = skipsHeader || (isFileStart && options.header)
  }

  /// Starts on records that lie one behind the other, each followed by a line feed.
  public func begin(records buffer: Buffer, _ range: Range<Int>, ends: [Int], isFileStart: Bool) {
    begin(lines: buffer, range, isFileStart: isFileStart)
    recordEnds = ends.reversed()
  }

  /// Starts on strings that are one record each, blank or not.
  func begin(strings buffer: Buffer, _ range: Range<Int>, ends: [Int]) {
    begin(records: buffer, range, ends: ends, isFileStart: false)
    keepsBlank = true
  }

  /// Starts on a whole file whose records may hold line ends in quotes. Behind the range stands a
  /// line feed that is not part of the file.
  public func begin(file buffer: Buffer, _ range: Range<Int>) {
    begin(lines: buffer, range, isFileStart: true)
    lineEnd = Self.lineEnd(options, UnsafePointer(buffer.typed(UInt8.self)), rest)
  }

  /// What ends the records of a file: the option says, or the first line end, wherever it stands.
  static func lineEnd(
    _ options: CSVOptions, _ bytes: UnsafePointer<UInt8>, _ range: Range<Int>
  ) -> CSVTokenizer.LineEnd {
    if let separator = options.lineSeparator { return separator == [0x0A] ? .feed : .own }
    let first = range.first { bytes[$0] == 0x0A || bytes[$0] == 0x0D }
    guard let first, bytes[first] == 0x0D else { return .feed }
    return first + 1 < range.upperBound && bytes[first + 1] == 0x0A ? .carriageFeed : .carriage
  }

  private func withoutMark(_ range: Range<Int>) -> Range<Int> {
    let bytes = buffer.typed(UInt8.self) + range.lowerBound
    let hasMark = range.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
    return hasMark ? (range.lowerBound + 3)..<range.upperBound : range
  }

  /// Reads records until the block is done (true) or `limit` rows are there (false).
  public func read(limit: Int) throws -> Bool {
    let block = columns.add(block: buffer)
    let bytes = UnsafePointer(buffer.typed(UInt8.self))
    while !rest.isEmpty {
      if columns.count >= limit { return false }
      let start = rest.lowerBound
      var end = rest.upperBound
      var next = end
      if lineEnd == .none {
        end = recordEnd(start)
        next = end + 1
        if recordEnds == nil, end > start, bytes[end - 1] == 0x0D { end -= 1 }
      } else if isLineEnd(start) || (lineEnd == .carriage && bytes[start] == 0x0A) {
        rest = behindLineEnd(start)..<rest.upperBound
        continue
      } else if options.ignoreLeadingWhiteSpace, let next = blankEnd(start) {
        rest = next..<rest.upperBound
        continue
      }
      if !keepsBlank, isPassedOver(start, end) {
        rest = min(lineEnd == .none ? next : lineBreak(start), rest.upperBound)..<rest.upperBound
        continue
      }
      tokenizer.start(bytes, start, end, lineEnd)
      do {
        if skipsHeader {
          skipsHeader = false
          try header()
        } else {
          try record(start, end, block)
        }
        if lineEnd != .none {
          try tokenizer.finishRecord()
          next = tokenizer.nextRecord
        }
      } catch let failure as Failure {
        throw MalformedRecordError(start..<end, reason: failure)
      }
      rest = min(next, rest.upperBound)..<rest.upperBound
    }
    return true
  }

  private func recordEnd(_ start: Int) -> Int {
    if recordEnds != nil, let end = recordEnds?.popLast() { return end }
    let bytes = buffer.typed(UInt8.self)
    let found = memchr(bytes + start, 0x0A, rest.upperBound - start)
    return found.map { $0.assumingMemoryBound(to: UInt8.self) - bytes } ?? rest.upperBound
  }

  private func isLineEnd(_ at: Int) -> Bool {
    let bytes = buffer.typed(UInt8.self)
    switch lineEnd {
    case .none: return false
    case .feed: return bytes[at] == 0x0A
    case .carriage: return bytes[at] == 0x0D
    case .carriageFeed:
      return bytes[at] == 0x0A
        || (bytes[at] == 0x0D && at + 1 < rest.upperBound && bytes[at + 1] == 0x0A)
    case .own: return CSVTokenizer.isSeparator(options.lineSeparator, bytes, at, rest.upperBound)
    }
  }

  private func lineBreak(_ start: Int) -> Int {
    var at = start
    while at < rest.upperBound, !isLineEnd(at) { at += 1 }
    return behindLineEnd(at)
  }

  private func behindLineEnd(_ at: Int) -> Int {
    guard at < rest.upperBound else { return rest.upperBound }
    let first = buffer.typed(UInt8.self)[at]
    return min(
      at + CSVTokenizer.lineEndLength(lineEnd, options, first: first), rest.upperBound)
  }

  /// Where a record of blanks alone ends; nil for any other.
  private func blankEnd(_ start: Int) -> Int? {
    let bytes = buffer.typed(UInt8.self)
    var at = start
    while at < rest.upperBound, bytes[at] <= 0x20, !isLineEnd(at), bytes[at] != options.separator[0]
    { at += 1 }
    return at == rest.upperBound || isLineEnd(at) ? behindLineEnd(at) : nil
  }

  /// Comments, and lines of blanks alone.
  @inline(__always)
  private func isPassedOver(_ start: Int, _ end: Int) -> Bool {
    let bytes = buffer.typed(UInt8.self)
    if start < end, let comment = options.comment, bytes[start] == comment { return true }
    if lineEnd != .none { return false }
    for at in start..<end where bytes[at] > 0x20 { return false }
    return true
  }

  // MARK: Records

  /// The header's names are held against the schema where `enforceSchema` says so.
  private func header() throws {
    var names: [String] = []
    while let token = try tokenizer.next() {
      names.append(String(decoding: token.text, as: UTF8.self))
    }
    if options.enforceSchema { return }
    let details = [
      "header: " + names.joined(separator: ", "), "schema: " + dataNames.joined(separator: ", "),
    ]
    guard names.count == dataNames.count else {
      throw Failure(
        MalformedRecordError.headerMismatch,
        "the CSV header has \(names.count) columns, the schema \(dataNames.count)", details: details
      )
    }
    for (name, wanted) in zip(names, dataNames) where name.lowercased() != wanted.lowercased() {
      throw Failure(
        MalformedRecordError.headerMismatch,
        "the CSV header has `\(name)` where the schema has `\(wanted)`",
        hint: "With `enforceSchema` true the header is not looked at", details: details)
    }
  }

  private func record(_ start: Int, _ end: Int, _ block: Int) throws {
    let row = columns.count
    var isBad = false
    reason = nil
    // Nothing is wanted of the records but how many they are.
    if columns.slots[0].childCount == 0 { return columns.endStructure(0) }
    var index = 0
    while let token = try tokenizer.next() {
      if index < slotOfColumn.count {
        let slot = slotOfColumn[index]
        if slot >= 0, !convert(token, slot, block) {
          if reason == nil { reason = refused(token, slot) }
          isBad = true
        }
      } else if !checksCount {
        index += 1
        break
      }
      index += 1
      if index > options.maxColumns {
        throw Failure(
          "MALFORMED_CSV_RECORD",
          "a record has more values than `maxColumns` allows (\(options.maxColumns))")
      }
    }
    columns.endStructure(0)
    if checksCount, index != slotOfColumn.count {
      isBad = true
      if reason == nil {
        reason = Failure(
          "MALFORMED_CSV_RECORD",
          "the record has \(index) values, the schema \(slotOfColumn.count) columns")
      }
    }
    if isBad { try settle(start, end, row, block) }
  }

  private func refused(_ token: CSVToken, _ slot: Int) -> Failure {
    Failure(
      "MALFORMED_CSV_RECORD",
      "the value `\(String(decoding: token.text.prefix(100), as: UTF8.self))` of "
        + "`\(columns.name(of: slot))` is no \(columns.type(of: slot))"
    )
  }

  /// What becomes of a malformed record.
  private func settle(_ start: Int, _ end: Int, _ row: Int, _ block: Int) throws {
    switch options.mode {
    case .permissive:
      guard let corruptSlot else { return }
      let end = try endOfRecord(start, end)
      let bytes = buffer.typed(UInt8.self)
      columns.truncate(corruptSlot, to: row)
      columns.append(
        StringView(bytes + start, count: end - start, block: block, offset: start), to: corruptSlot)
    case .dropMalformed: columns.truncate(0, to: row)
    case .failFast:
      let reason = reason ?? Failure("MALFORMED_CSV_RECORD", "the record is malformed")
      guard let refused else { throw reason }
      columns.truncate(0, to: row)
      refused(MalformedRecordError(start..<(try endOfRecord(start, end)), reason: reason))
    }
  }

  /// Where the record's text ends, its line end aside.
  private func endOfRecord(_ start: Int, _ limit: Int) throws -> Int {
    guard lineEnd != .none else { return limit }
    let bytes = buffer.typed(UInt8.self)
    try tokenizer.finishRecord()
    var end = min(tokenizer.nextRecord, limit)
    if lineEnd == .own {
      let separator = options.lineSeparator ?? []
      let isEnded =
        end - start >= separator.count
        && CSVTokenizer.isSeparator(separator, bytes, end - separator.count, limit)
      return isEnded ? end - separator.count : end
    }
    if end > start, bytes[end - 1] == 0x0A { end -= 1 }
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    return end
  }

  // MARK: Values

  /// A value into its column; false where the column cannot take it, which makes it NULL.
  private func convert(_ token: CSVToken, _ slot: Int, _ block: Int) -> Bool {
    let text = token.text
    if token.isMissing || isEqual(text, options.nullValue) {
      columns.appendNull(slot)
      return true
    }
    switch columns.slots[slot].kind {
    case .string, .binary: columns.append(view(text, block), to: slot)
    case .byte, .short, .int, .long: return integer(text, slot)
    case .float, .double: return fraction(text, slot)
    case .boolean: return boolean(text, slot)
    case .decimal: return decimal(text, slot)
    case .timestamp:
      guard let us = times.timestamp(text) else { return null(slot) }
      columns.append(us, to: slot)
    case .timestampNtz:
      guard let us = times.timestampNtz(text) else { return null(slot) }
      columns.append(us, to: slot)
    case .date:
      guard let days = times.date(text, allowsDays: false) else { return null(slot) }
      columns.append(days, to: slot)
    case .dayTimeInterval:
      guard let us = times.interval(text, columns.slots[slot].precision, columns.slots[slot].scale)
      else { return null(slot) }
      columns.append(us, to: slot)
    case .yearMonthInterval:
      guard
        let months = times.interval(text, columns.slots[slot].precision, columns.slots[slot].scale)
      else { return null(slot) }
      columns.append(Int32(truncatingIfNeeded: months), to: slot)
    case .calendarInterval:
      guard let interval = IntervalText.read(text) else { return null(slot) }
      columns.append(interval.bits, to: slot)
    default: return null(slot)
    }
    return true
  }

  private func null(_ slot: Int) -> Bool {
    columns.appendNull(slot)
    return false
  }

  @inline(__always)
  private func isEqual(_ text: UnsafeBufferPointer<UInt8>, _ other: [UInt8]) -> Bool {
    text.count == other.count && text.elementsEqual(other)
  }

  /// A view into the block where the text lies there, otherwise into a copy.
  private func view(_ text: UnsafeBufferPointer<UInt8>, _ block: Int) -> StringView {
    guard let start = text.baseAddress, text.count > 0 else { return .empty }
    let base = UnsafePointer(buffer.typed(UInt8.self))
    if start >= base, start < base + buffer.capacity {
      return StringView(start, count: text.count, block: block, offset: start - base)
    }
    return columns.view(copying: UnsafeRawBufferPointer(text))
  }

  private func isTight(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.count > 0 && text[0] > 0x20 && text[text.count - 1] > 0x20
  }

  private func integer(_ text: UnsafeBufferPointer<UInt8>, _ slot: Int) -> Bool {
    guard isTight(text), let value = IntegerText.readInt64(text) else { return null(slot) }
    let bits = Int64(columns.slots[slot].width * 8)
    guard bits == 64 || (value >> (bits - 1) == 0 || value >> (bits - 1) == -1) else {
      return null(slot)
    }
    columns.append(integer: value, to: slot)
    return true
  }

  private func fraction(_ text: UnsafeBufferPointer<UInt8>, _ slot: Int) -> Bool {
    let isFloat = columns.slots[slot].kind == .float
    let value: Double?
    if isEqual(text, options.nanValue) {
      value = .nan
    } else if isEqual(text, options.positiveInf) {
      value = .infinity
    } else if isEqual(text, options.negativeInf) {
      value = -.infinity
    } else if !Self.isNumber(text) {
      value = nil
    } else {
      value =
        isFloat
        ? FloatingPointText.readFloat(text).map(Double.init) : FloatingPointText.readDouble(text)
    }
    guard let value else { return null(slot) }
    if isFloat { columns.append(Float(value), to: slot) } else { columns.append(value, to: slot) }
    return true
  }

  /// Java knows `NaN` and `Infinity` in these letters alone; casts know more words.
  public static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let letter = text.first(where: { $0 > 0x20 && $0 != 0x2B && $0 != 0x2D }), letter >= 0x41
    else {
      return true
    }
    let word = Blanks.trimmed(text).drop { $0 == 0x2B || $0 == 0x2D }
    return word.elementsEqual("NaN".utf8) || word.elementsEqual("Infinity".utf8)
  }

  private func boolean(_ text: UnsafeBufferPointer<UInt8>, _ slot: Int) -> Bool {
    func matches(_ word: StaticString) -> Bool {
      text.count == word.utf8CodeUnitCount
        && text.indices.allSatisfy { text[$0] | 0x20 == word.utf8Start[$0] }
    }
    let isTrue = matches("true")
    guard isTrue || matches("false") else { return null(slot) }
    columns.append(boolean: isTrue, to: slot)
    return true
  }

  private func decimal(_ text: UnsafeBufferPointer<UInt8>, _ slot: Int) -> Bool {
    guard isTight(text) else { return null(slot) }
    let (precision, scale) = (columns.slots[slot].precision, columns.slots[slot].scale)
    var reading = DecimalText.read(text, precision: precision, scale: scale)
    if reading == .malformed, text.contains(Ascii.comma) {
      // Commas may group the digits.
      let digits = text.filter { $0 != Ascii.comma }
      reading = digits.withUnsafeBufferPointer {
        DecimalText.read($0, precision: precision, scale: scale)
      }
    }
    guard case .value(let value) = reading else { return null(slot) }
    columns.append(value, to: slot)
    return true
  }
}
