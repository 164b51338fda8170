import Columns
import Contract
import Glibc

/// Whole records of a text file, as many as fit a block.
struct LineBlock {
  let buffer: Buffer
  /// Ends behind a line feed.
  let range: Range<Int>
  /// Where the range starts in the file's text.
  let fileOffset: Int64
  /// Where the records' line feeds are, if records are not lines; otherwise nil.
  let ends: [Int]?
  /// Bytes that each separator has lost.
  let separatorExcess: Int

  /// The records, without their line ends.
  var records: [Range<Int>] {
    let bytes = buffer.typed(UInt8.self)
    var records: [Range<Int>] = []
    var start = range.lowerBound
    var index = 0
    while start < range.upperBound {
      var end = range.upperBound - 1
      if let ends {
        end = ends[index]
        index += 1
      } else if let found = memchr(bytes + start, 0x0A, range.upperBound - start) {
        end = found.assumingMemoryBound(to: UInt8.self) - bytes
      }
      let isReturn = ends == nil && end > start && bytes[end - 1] == 0x0D
      records.append(start..<(isReturn ? end - 1 : end))
      start = end + 1
    }
    return records
  }

  /// The same range without a byte order mark at its start.
  func withoutMark(_ range: Range<Int>) -> Range<Int> {
    let bytes = buffer.typed(UInt8.self) + range.lowerBound
    let hasMark = range.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
    return hasMark ? (range.lowerBound + 3)..<range.upperBound : range
  }

  /// Where a position of this block lies in the file's text.
  func fileOffset(of position: Int) -> Int64 {
    let before = separatorExcess == 0 ? 0 : (ends ?? []).prefix { $0 < position }.count
    return fileOffset + Int64(position - range.lowerBound + before * separatorExcess)
  }
}

/// A file that is not there.
private final class NoBytes: ByteSource {
  func read(into target: UnsafeMutableRawPointer, capacity: Int) -> Int { 0 }
}

/// Cuts a file's text into blocks that end at record ends.
///
/// A line ends with a line feed, a carriage return or both, as in Hadoop's reader; a lone carriage
/// return is made a line feed here, so that the decoders see one kind. With `lineSep`, records end
/// there and nowhere else.
final class LineBlocks {
  private let source: any ByteSource
  private let path: String
  private let separator: [UInt8]?
  private let blockSize: Int
  private let layout: RecordLayout
  /// Records that start at or behind this byte belong to the next split.
  private let splitEnd: Int64
  private var skipsFirst: Bool

  // What was read and not yet given out.
  private var rest = Buffer.empty
  private var restCount = 0
  /// Where the rest starts in the file's text.
  private var offset: Int64
  private var isAtEnd = false
  /// The rest of the file cannot be read, and is to be passed over with the record it cuts.
  private var isCut = false

  /// Blocks fit the L2 cache together with the columns made of them.
  static let blockSize = 128 << 10

  /// `start`: where the split starts. A split that does not start the file begins with the first
  /// record behind the line end at or after the byte before it.
  init(
    _ file: InputFile, _ layout: RecordLayout, from start: Int64 = 0, to end: Int64 = .max,
    blockSize: Int = LineBlocks.blockSize
  ) throws {
    separator = layout.separator
    let length = Int64(layout.separator?.count ?? 1)
    let first = max(start - length, 0)
    self.layout = layout
    do { source = try file.text(from: first, encoding: layout.encoding) } catch {
      guard let failure = error as? Failure, layout.ignores(failure) else { throw error }
      source = NoBytes()
    }
    path = file.path
    self.blockSize = blockSize
    splitEnd = end
    skipsFirst = start > 0
    offset = first
  }

  /// The next block; nil at the end.
  func next() throws -> LineBlock? {
    while true {
      if isAtEnd, restCount == 0 { return nil }
      if offset >= splitEnd, !skipsFirst { return nil }
      let (buffer, count) = try fill()
      guard let separator else {
        guard let block = lines(buffer, count) else { continue }
        return block
      }
      guard let block = records(buffer, count, separator) else { continue }
      return block
    }
  }

  /// A new buffer with the rest and as much more text as a block wants.
  private func fill() throws -> (Buffer, Int) {
    // A rest that fills a block holds no record end: the record is longer than that.
    let wanted = restCount < blockSize ? blockSize : min(restCount * 2, Limits.recordBytes + 1)
    guard restCount <= Limits.recordBytes else {
      throw Failure(
        "RECORD_TOO_LONG",
        "the record at byte \(offset) of \(path) is longer than \(Limits.recordBytes) bytes",
        hint: "Check the line ends of the file, or the option `lineSep`")
    }
    // Room for the line feed that a last line may lack.
    let buffer = Buffer(capacity: wanted + 1)
    memcpy(buffer.pointer, rest.pointer, restCount)
    var count = restCount
    while count < wanted, !isAtEnd {
      do {
        let read = try source.read(into: buffer.pointer + count, capacity: wanted - count)
        if read == 0 { isAtEnd = true }
        count += read
      } catch let failure as Failure {
        guard layout.ignores(failure) else { throw failure }
        (isAtEnd, isCut) = (true, true)
      }
    }
    return (buffer, count)
  }

  /// Keeps what stands behind `used` for the next block.
  private func keep(_ buffer: Buffer, _ used: Int, _ count: Int) {
    rest =
      buffer.capacity == 0
      ? .empty
      : Buffer(copying: UnsafeRawBufferPointer(start: buffer.pointer + used, count: count - used))
    restCount = count - used
    offset += Int64(used)
  }

  // MARK: Lines

  private func lines(_ buffer: Buffer, _ filled: Int) -> LineBlock? {
    let bytes = buffer.typed(UInt8.self)
    var count = filled
    normaliseReturns(bytes, count)
    if isCut { while count > 0, bytes[count - 1] != 0x0A { count -= 1 } }
    if isAtEnd, count > 0, bytes[count - 1] != 0x0A {
      bytes[count] = 0x0A
      count += 1
    }
    var start = 0
    if skipsFirst {
      guard let end = memchr(bytes, 0x0A, count) else {
        // The whole split lies inside one record of an earlier split.
        keep(buffer, max(count - 1, 0), count)
        if isAtEnd { restCount = 0 }
        return nil
      }
      start = end.assumingMemoryBound(to: UInt8.self) - bytes + 1
      skipsFirst = false
    }
    var end = count
    while end > start, bytes[end - 1] != 0x0A { end -= 1 }
    // The record that holds the last byte of the split is the split's last.
    if splitEnd < offset + Int64(end) {
      let last = Int(max(splitEnd - 1 - offset, 0))
      if offset + Int64(start) >= splitEnd {
        end = start
      } else if let found = memchr(bytes + last, 0x0A, end - last) {
        end = found.assumingMemoryBound(to: UInt8.self) - bytes + 1
      }
    }
    let fileOffset = offset + Int64(start)
    keep(buffer, end, count)
    if isAtEnd, end == count { restCount = 0 }
    if end == start { return nil }
    return LineBlock(
      buffer: buffer, range: start..<end, fileOffset: fileOffset, ends: nil, separatorExcess: 0)
  }

  /// Makes lone carriage returns line feeds. One at the very end waits for the byte behind it.
  private func normaliseReturns(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) {
    var at = 0
    while at < count, let found = memchr(bytes + at, 0x0D, count - at) {
      let position = found.assumingMemoryBound(to: UInt8.self) - bytes
      let isLast = position == count - 1
      if isLast, !isAtEnd { return }
      if isLast || bytes[position + 1] != 0x0A { bytes[position] = 0x0A }
      at = position + 1
    }
  }

  // MARK: Records with a separator of their own

  private func records(_ buffer: Buffer, _ filled: Int, _ separator: [UInt8]) -> LineBlock? {
    let bytes = buffer.typed(UInt8.self)
    var ends: [Int] = []
    var from = 0
    var lost = 0
    // Where the next record is written: separators of several bytes become one line feed.
    var target = 0
    var fileOffset = offset
    while from < filled {
      let found = Self.find(separator, bytes, from, filled)
      if found == nil, !isAtEnd || isCut { break }
      let end = found ?? filled
      let next = min(end + separator.count, filled)
      if skipsFirst {
        skipsFirst = false
        fileOffset = offset + Int64(next)
      } else if offset + Int64(from) >= splitEnd {
        break
      } else {
        memmove(bytes + target, bytes + from, end - from)
        target += end - from
        ends.append(target)
        // Written later: the byte may belong to the record that is moved next.
        bytes[target] = 0x0A
        target += 1
        lost = separator.count - 1
      }
      from = next
      if found == nil { break }
    }
    let isOver = offset + Int64(from) >= splitEnd
    keep(buffer, from, filled)
    if (isAtEnd && from == filled) || isOver { restCount = 0 }
    if ends.isEmpty {
      if isAtEnd { restCount = 0 }
      return nil
    }
    return LineBlock(
      buffer: buffer, range: 0..<target, fileOffset: fileOffset, ends: ends, separatorExcess: lost)
  }

  private static func find(
    _ separator: [UInt8], _ bytes: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int
  ) -> Int? {
    var at = from
    while to - at >= separator.count {
      guard let found = memchr(bytes + at, Int32(separator[0]), to - at - separator.count + 1)
      else {
        return nil
      }
      at = found.assumingMemoryBound(to: UInt8.self) - bytes
      if memcmp(bytes + at, separator, separator.count) == 0 { return at }
      at += 1
    }
    return nil
  }
}
