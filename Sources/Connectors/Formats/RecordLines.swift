import Contract
import Glibc

/// Numbers the lines of a file for the records that something is said of: it reads the file once
/// more, up to the record, and goes on from there for the next.
final class RecordLines {
  private let file: InputFile
  private let layout: RecordLayout
  private var source: (any ByteSource)?
  /// Empty until a line is asked for: most files are never asked.
  private var piece = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var available = 0..<0
  private var position: Int64 = 0
  private var line = 1
  private var last: UInt8 = 0

  init(_ file: InputFile, _ layout: RecordLayout) {
    self.file = file
    self.layout = layout
  }

  deinit { piece.deallocate() }

  /// `/data/a.json, line 4 (byte 165)`; records with a `lineSep` are numbered as such.
  func place(of offset: Int64) -> String {
    let word = layout.separator == nil ? "line" : "record"
    guard let line = number(at: offset) else { return "\(file.path), byte \(offset)" }
    return "\(file.path), \(word) \(line) (byte \(offset))"
  }

  private func number(at offset: Int64) -> Int? {
    if offset < position { (source, available, position, line, last) = (nil, 0..<0, 0, 1, 0) }
    do {
      if piece.baseAddress == nil { piece = .allocate(byteCount: 1 << 16, alignment: 8) }
      let source = try source ?? file.text(encoding: layout.encoding)
      self.source = source
      while position < offset {
        if available.isEmpty {
          guard let base = piece.baseAddress else { return nil }
          let read = try source.read(into: base, capacity: piece.count)
          if read == 0 { return nil }
          available = 0..<read
        }
        let count = Int(min(Int64(available.count), offset - position))
        pass(available.lowerBound..<(available.lowerBound + count))
        available = (available.lowerBound + count)..<available.upperBound
        position += Int64(count)
      }
      return line
    } catch {
      return nil
    }
  }

  /// Counts what ends lines: a line feed, a carriage return, or both.
  private func pass(_ range: Range<Int>) {
    if let separator = layout.separator { return pass(range, separator) }
    for at in range {
      let byte = piece[at]
      if byte == 0x0D || (byte == 0x0A && last != 0x0D) { line += 1 }
      last = byte
    }
  }

  /// How much of the separator the bytes before were.
  private var matched = 0

  private func pass(_ range: Range<Int>, _ separator: [UInt8]) {
    for at in range {
      matched = piece[at] == separator[matched] ? matched + 1 : piece[at] == separator[0] ? 1 : 0
      if matched == separator.count { (matched, line) = (0, line + 1) }
    }
  }
}
