import Columns
import Contract
import Glibc

/// One value of a record as it was found.
struct CSVToken {
  /// Nothing stood between two separators.
  var isMissing: Bool
  /// A piece of the input, or of the tokenizer's scratch memory until its next call.
  var text: UnsafeBufferPointer<UInt8>
}

/// Takes CSV records apart, with the habits of the parser that Spark uses: what a stray quote does
/// to a value is its behaviour, not RFC 4180's.
struct CSVTokenizer {
  let options: CSVOptions
  private let separator: UInt8
  private let hasLongSeparator: Bool
  private let trims: Bool
  private let scratch: CSVScratch
  /// Values that a stray quote gave back (BACK_TO_DELIMITER), and the one that follows them.
  private var pending: [[UInt8]] = []
  private var delayed: CSVToken?
  private let handed: CSVScratch

  // The record: `at` is the position of `byte`.
  private var base: UnsafePointer<UInt8>
  private(set) var at = 0
  private var end = 0
  /// The byte at hand; it stays when the end is reached.
  private var byte: UInt8 = 0
  private var isAtEnd = false
  private var previous: UInt8 = 0
  private var isUnescaped = false
  /// What ends a record outside quotes (`multiLine`); none: the end alone.
  private var lineEnd: LineEnd
  private(set) var isDone = true
  /// A separator was the last thing before the end: one empty value more.
  private var wasSeparator = false

  init(_ options: CSVOptions) {
    self.options = options
    separator = options.separator[0]
    hasLongSeparator = options.separator.count > 1
    trims = options.ignoreTrailingWhiteSpace
    scratch = CSVScratch(options)
    handed = CSVScratch(options)
    lineEnd = .none
    base = UnsafePointer(Buffer.empty.typed(UInt8.self))
  }

  /// What ends records where quotes may hold line ends.
  enum LineEnd {
    case none, feed, carriage, carriageFeed
    /// What the option `lineSep` says.
    case own
  }

  /// Starts on a record. It ends at `to`, or at a line end outside quotes.
  mutating func start(_ base: UnsafePointer<UInt8>, _ from: Int, _ to: Int, _ lineEnd: LineEnd) {
    self.base = base
    self.lineEnd = lineEnd
    at = from
    end = to
    isAtEnd = from >= to
    byte = isAtEnd ? 0 : base[from]
    isDone = isAtEnd
    wasSeparator = false
  }

  /// The next value; nil behind the last one.
  mutating func next() throws -> CSVToken? {
    if let first = pending.first {
      pending.removeFirst()
      handed.clear()
      for byte in first { handed.append(byte) }
      return value(handed.content)
    }
    if let last = delayed {
      delayed = nil
      return last
    }
    if isDone {
      guard wasSeparator else { return nil }
      wasSeparator = false
      return missing()
    }
    if options.ignoreLeadingWhiteSpace { skipBlanks() }
    if isRecordEnd {
      isDone = true
      return missing()
    }
    if isSeparator {
      passSeparator()
      return missing()
    }
    let isQuoted = byte == options.quote && options.quote != 0
    let text = isQuoted ? try quoted() : plain()
    if options.maxCharsPerColumn >= 0, text.text.count > options.maxCharsPerColumn {
      throw Failure(
        "MALFORMED_CSV_RECORD",
        "a value has \(text.text.count) characters, more than `maxCharsPerColumn` "
          + "allows (\(options.maxCharsPerColumn))"
      )
    }
    if isRecordEnd { isDone = true } else { passSeparator() }
    if pending.isEmpty { return text }
    // Values that a stray quote gave back come first.
    delayed = text
    return try next()
  }

  private func missing() -> CSVToken {
    CSVToken(isMissing: true, text: UnsafeBufferPointer(start: base, count: 0))
  }

  // MARK: Positions

  @inline(__always)
  private var isRecordEnd: Bool { isAtEnd || (lineEnd != .none && isLineEnd(at)) }

  private func isLineEnd(_ position: Int) -> Bool {
    switch lineEnd {
    case .none: false
    case .feed: base[position] == 0x0A
    case .carriage: base[position] == 0x0D
    // A line feed alone ends a record too.
    case .carriageFeed:
      base[position] == 0x0A
        || (base[position] == 0x0D && position + 1 < end && base[position + 1] == 0x0A)
    case .own: CSVTokenizer.isSeparator(options.lineSeparator, base, position, end)
    }
  }

  /// Whether the record that was just started has nothing in it.
  var isBlankRecord: Bool { isRecordEnd }

  /// Where the next line starts, whatever stands in this one.
  var nextLine: Int {
    var position = at
    while position < end, !isLineEnd(position) { position += 1 }
    return position < end
      ? position + Self.lineEndLength(lineEnd, options, first: base[position]) : end
  }

  /// Whether the record that was just started has blanks alone, which are left out.
  var isBlankRecordOnceTrimmed: Bool {
    guard options.ignoreLeadingWhiteSpace else { return isBlankRecord }
    var position = at
    while position < end, base[position] <= 0x20, base[position] != separator,
      !isLineEnd(position)
    { position += 1 }
    return position >= end || isLineEnd(position)
  }

  /// Where the next record starts, once this one is done.
  var nextRecord: Int {
    isAtEnd ? end : at + Self.lineEndLength(lineEnd, options, first: base[at])
  }

  /// Bytes of what ends a record, by the first of them.
  static func lineEndLength(_ lineEnd: LineEnd, _ options: CSVOptions, first: UInt8) -> Int {
    switch lineEnd {
    case .own: options.lineSeparator?.count ?? 1
    case .carriageFeed: first == 0x0D ? 2 : 1
    default: 1
    }
  }

  static func isSeparator(
    _ separator: [UInt8]?, _ base: UnsafePointer<UInt8>, _ position: Int, _ end: Int
  ) -> Bool {
    guard let separator, position + separator.count <= end else { return false }
    for index in separator.indices where base[position + index] != separator[index] { return false }
    return true
  }

  /// Passes over the values that are left.
  mutating func finishRecord() throws { while try next() != nil {} }

  @inline(__always)
  private var isSeparator: Bool {
    if isAtEnd || byte != separator { return false }
    if !hasLongSeparator { return true }
    let wanted = options.separator
    guard end - at >= wanted.count else { return false }
    for index in 1..<wanted.count where base[at + index] != wanted[index] { return false }
    return true
  }

  /// Moves behind a separator, where the next value starts.
  private mutating func passSeparator() {
    for _ in 0..<options.separator.count { _ = advance() }
    wasSeparator = false
    if isRecordEnd {
      isDone = true
      wasSeparator = true
    }
  }

  /// Moves on; false at the end, where the byte at hand stays.
  @inline(__always)
  private mutating func advance() -> Bool {
    if isAtEnd { return false }
    at &+= 1
    if at >= end {
      isAtEnd = true
      return false
    }
    byte = base[at]
    return true
  }

  private mutating func skipBlanks() {
    while !isRecordEnd, byte <= 0x20, !isSeparator, byte != options.quote { _ = advance() }
  }

  // MARK: Values

  private mutating func plain() -> CSVToken {
    let from = at
    if hasLongSeparator || lineEnd != .none {
      while !isRecordEnd, !isSeparator { _ = advance() }
    } else if let found = memchr(base + at, Int32(separator), end - at) {
      at = found.assumingMemoryBound(to: UInt8.self) - UnsafeMutablePointer(mutating: base)
      byte = separator
    } else {
      at = end
      isAtEnd = true
    }
    var to = at
    if trims { while to > from, base[to - 1] <= 0x20 { to -= 1 } }
    return CSVToken(
      isMissing: to == from, text: UnsafeBufferPointer(start: base + from, count: to - from))
  }

  /// A value in quotes: a piece of the input where nothing in it needs a second look.
  private mutating func quoted() throws -> CSVToken {
    let from = at + 1
    var cursor = from
    let (quote, escape) = (options.quote, options.escape)
    while cursor < end {
      let byte = base[cursor]
      if byte == quote {
        let isEscaped = base[cursor - 1] == escape && (cursor > from || escape == quote)
        guard !isEscaped || cursor == from, cursor + 1 < end else { break }
        if isEscaped, cursor > from { break }
        at = cursor
        _ = advance()
        if isSeparator || isRecordEnd {
          return value(UnsafeBufferPointer(start: base + from, count: cursor - from))
        }
        at = from - 1
        self.byte = quote
        break
      }
      if byte == escape, cursor + 1 < end,
        base[cursor + 1] == quote || base[cursor + 1] == options.escapeOfEscape
      {
        break
      }
      if byte == 0x0D, isLineEnd(cursor) { break }
      cursor += 1
    }
    scratch.clear()
    previous = 0
    isUnescaped = false
    try content()
    return value(scratch.content)
  }

  private func value(_ text: UnsafeBufferPointer<UInt8>) -> CSVToken {
    CSVToken(isMissing: false, text: text.count > 0 ? text : scratch.emptyValue)
  }

  /// What the end of the text does to a value: a quote that nothing closed is part of it.
  private mutating func finishAtEnd() {
    if byte == options.quote, previous != options.quote, !isUnescaped {
      scratch.append(options.quote)
    }
  }

  private mutating func appendUntilSeparator() {
    while !isRecordEnd, !isSeparator {
      scratch.append(byte)
      _ = advance()
    }
    if trims { scratch.trimEnd() }
  }

  /// The content of a value in quotes; `byte` is the opening quote, or the last byte read.
  private mutating func content() throws {
    if previous != 0, stopsAtDelimiter {
      if options.unescapedQuoteHandling == .skipValue { return skip() }
      scratch.prepend(options.quote)
      if advance() { appendUntilSeparator() }
      return
    }
    guard advance() else { return finishAtEnd() }
    let (quote, escape) = (options.quote, options.escape)
    while true {
      if previous == quote, byte <= 0x20 || isSeparator || isRecordEnd { break }
      if byte != quote, byte != escape {
        if previous == quote { return try unescapedQuote() }
        if previous == escape, escape != 0 { scratch.append(escape) }
        guard appendPlain() else { return }
        previous = byte
        guard advance() else { return finishAtEnd() }
      } else {
        resolveEscape()
        previous = byte
        guard advance() else { return finishAtEnd() }
        if isUnescaped, isSeparator || isRecordEnd { return }
      }
    }
    try behindClosingQuote()
  }

  /// Bytes that are neither quote nor escape, of which there may be none; false at the end.
  private mutating func appendPlain() -> Bool {
    let (quote, escape, deeper) = (options.quote, options.escape, options.escapeOfEscape)
    while byte != quote, byte != escape, byte != deeper {
      // Line ends in quotes become line feeds, unless the option says what they are.
      if byte == 0x0D, lineEnd != .own, isLineEnd(at) {
        scratch.append(0x0A)
        if lineEnd == .carriageFeed { _ = advance() }
      } else {
        scratch.append(byte)
      }
      guard advance() else { return false }
    }
    return true
  }

  private mutating func resolveEscape() {
    let (quote, escape, deeper) = (options.quote, options.escape, options.escapeOfEscape)
    if byte == escape, previous == deeper, deeper != 0 {
      scratch.append(escape)
      byte = 0
    } else if previous == escape {
      if byte == quote {
        scratch.append(quote)
        byte = 0
      } else {
        scratch.append(previous)
      }
    } else if byte == quote, previous == quote {
      scratch.append(quote)
    }
  }

  private var stopsAtDelimiter: Bool {
    switch options.unescapedQuoteHandling {
    case .stopAtDelimiter, .skipValue, .backToDelimiter: true
    default: false
    }
  }

  private mutating func unescapedQuote() throws {
    isUnescaped = true
    switch options.unescapedQuoteHandling {
    case .backToDelimiter:
      backToDelimiter()
      scratch.append(byte)
      previous = 0
      try content()
    case .stopAtClosingQuote, .stopAtDelimiter:
      scratch.append(options.quote)
      scratch.append(byte)
      previous = byte
      try content()
    case .skipValue: skip()
    case .raiseError:
      throw Failure(
        "MALFORMED_CSV_RECORD", "a value in quotes has a quote that is not escaped",
        hint: "Set `unescapedQuoteHandling` to something else than RAISE_ERROR to read it")
    }
  }

  /// What was read of the value up to separators in it become values of their own.
  private mutating func backToDelimiter() {
    let wanted = options.separator
    var piece: [UInt8] = []
    var rest = Array(scratch.content)[...]
    while !rest.isEmpty {
      if rest.starts(with: wanted) {
        pending.append(piece)
        piece = []
        rest = rest.dropFirst(wanted.count)
      } else {
        piece.append(rest.removeFirst())
      }
    }
    scratch.clear()
    for byte in piece { scratch.append(byte) }
  }

  private mutating func skip() {
    scratch.clear()
    while !isRecordEnd, !isSeparator { _ = advance() }
  }

  /// Blanks behind a closing quote count for nothing, unless more text follows.
  private mutating func behindClosingQuote() throws {
    guard !isSeparator, !isRecordEnd else { return }
    var blanks: [UInt8] = []
    while byte <= 0x20 {
      blanks.append(byte)
      guard advance() else { return }
      if isRecordEnd || isSeparator { return }
    }
    if options.unescapedQuoteHandling == .raiseError {
      throw Failure("MALFORMED_CSV_RECORD", "text follows a value in quotes")
    }
    scratch.append(options.quote)
    for blank in blanks { scratch.append(blank) }
    if stopsAtDelimiter || (byte != options.quote && byte != options.escape) {
      scratch.append(byte)
    }
    previous = byte
    try content()
  }
}

/// Growing memory for values that are not a piece of the input.
final class CSVScratch {
  private var bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
  private var capacity = 256
  private(set) var count = 0
  /// What stands for an empty value in quotes.
  let emptyValue: UnsafeBufferPointer<UInt8>

  init(_ options: CSVOptions) {
    let empty = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: options.emptyValue.count + 16)
    empty.initialize(repeating: 0)
    for (index, byte) in options.emptyValue.enumerated() { empty[index] = byte }
    emptyValue = UnsafeBufferPointer(rebasing: empty[..<options.emptyValue.count])
  }

  deinit {
    bytes.deallocate()
    emptyValue.baseAddress?.deallocate()
  }

  var content: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

  func clear() { count = 0 }

  func append(_ byte: UInt8) {
    if count == capacity {
      let new = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      memcpy(new, bytes, count)
      bytes.deallocate()
      bytes = new
      capacity *= 2
    }
    bytes[count] = byte
    count += 1
  }

  func prepend(_ byte: UInt8) {
    append(byte)
    memmove(bytes + 1, bytes, count - 1)
    bytes[0] = byte
  }

  func trimEnd() { while count > 0, bytes[count - 1] <= 0x20 { count -= 1 } }
}
