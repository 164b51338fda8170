import CSystem
import Columns
import Contract
import Glibc

/// The encoding of a text file other than UTF-8. Files are read and written as UTF-8 inside, and
/// turned from and into their encoding at the border.
struct TextEncoding: Sendable, Hashable {
  /// As the C library knows it.
  let name: String
  /// UTF-16 and UTF-32 leave the order of bytes to the mark at the start of a file: without one the
  /// big end comes first, as in Java.
  let isMarked: Bool
  /// Bytes of the smallest character.
  let unit: Int

  private init(_ name: String, isMarked: Bool = false, unit: Int) {
    self.name = name
    self.isMarked = isMarked
    self.unit = unit
  }

  private static func wide(_ bits: Int, isLittle: Bool, isMarked: Bool = false) -> TextEncoding {
    TextEncoding("UTF-\(bits)" + (isLittle ? "LE" : "BE"), isMarked: isMarked, unit: bits / 8)
  }

  /// What the options `encoding` and `charset` say; nil: UTF-8.
  static func option(_ options: Options) throws -> TextEncoding? {
    guard let name = options["encoding"] ?? options["charset"] else { return nil }
    switch name.uppercased().filter({ $0 != "_" && $0 != "-" }) {
    case "UTF8": return nil
    case "UTF16": return wide(16, isLittle: false, isMarked: true)
    case "UTF16BE": return wide(16, isLittle: false)
    case "UTF16LE": return wide(16, isLittle: true)
    case "UTF32": return wide(32, isLittle: false, isMarked: true)
    case "UTF32BE": return wide(32, isLittle: false)
    case "UTF32LE": return wide(32, isLittle: true)
    default:
      // Behind slashes the library would take options of its own.
      guard !name.isEmpty, !name.contains("/"), Transcoder(to: "UTF-8", from: name) != nil else {
        throw Failure(
          "INVALID_PARAMETER_VALUE.CHARSET", "there is no encoding `\(name)`",
          hint: "UTF-8, UTF-16, UTF-16LE, UTF-32, ISO-8859-1 and windows-1252 are such names")
      }
      return TextEncoding(name, unit: 1)
    }
  }

  /// The encoding as the first bytes of a file say.
  func resolved(_ start: UnsafeRawBufferPointer) -> TextEncoding {
    let mark: [UInt8] = unit == 2 ? [0xFF, 0xFE] : [0xFF, 0xFE, 0, 0]
    guard isMarked, start.count >= unit, start.prefix(unit).elementsEqual(mark) else { return self }
    return .wide(unit * 8, isLittle: true)
  }

  /// The encoding of a JSON document about which nothing was said, by its mark or its NUL bytes,
  /// since its first character is ASCII; nil: UTF-8.
  static func ofJSON(_ start: UnsafeRawBufferPointer) -> TextEncoding? {
    guard start.count >= 4 else { return nil }
    switch (start[0], start[1], start[2], start[3]) {
    case (0, 0, 0xFE, 0xFF), (0, 0, 0, 1...): return wide(32, isLittle: false)
    case (0xFF, 0xFE, 0, 0), (1..., 0, 0, 0): return wide(32, isLittle: true)
    case (0xFE, 0xFF, _, _), (0, 1..., _, _): return wide(16, isLittle: false)
    case (0xFF, 0xFE, _, _), (1..., 0, _, _): return wide(16, isLittle: true)
    default: return nil
    }
  }
}

/// Turns text of one encoding into another: the C library's `iconv`.
final class Transcoder {
  private let handle: OpaquePointer

  /// nil: the C library has no such pair.
  init?(to target: String, from source: String) {
    guard let handle = moontide_transcoder_create(target, source) else { return nil }
    self.handle = handle
  }

  deinit { moontide_transcoder_free(handle) }

  enum Stop { case wantsMore, unknown, cut }

  /// How many bytes were taken and written, and what stopped it.
  func run(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> (taken: Int, written: Int, stop: Stop) {
    guard let from = input.baseAddress, let to = output.baseAddress else {
      return (0, 0, .wantsMore)
    }
    var (taken, written) = (input.count, output.count)
    let stop = moontide_transcoder_run(handle, from, &taken, to, &written)
    return (taken, written, stop == 0 ? .wantsMore : stop == 1 ? .unknown : .cut)
  }
}

/// A file's text as UTF-8. What is no character becomes U+FFFD, as Java's readers make it.
final class TranscodedBytes: ByteSource {
  private let source: any ByteSource
  private let encoding: TextEncoding
  private var coder: Transcoder?
  private let input = Buffer(capacity: 1 << 16)
  private var available = 0..<0
  private let output = Buffer(capacity: 1 << 17)
  private var decoded = 0..<0
  private var isAtEnd = false

  init(_ source: any ByteSource, _ encoding: TextEncoding) {
    self.source = source
    self.encoding = encoding
  }

  func read(into target: UnsafeMutableRawPointer, capacity: Int) throws -> Int {
    while decoded.isEmpty {
      if isAtEnd, available.isEmpty { return 0 }
      if !isAtEnd { try fill() }
      try decode()
    }
    let count = min(capacity, decoded.count)
    target.copyMemory(from: output.pointer + decoded.lowerBound, byteCount: count)
    decoded = (decoded.lowerBound + count)..<decoded.upperBound
    return count
  }

  /// Brings what is left to the front and reads more behind it.
  private func fill() throws {
    memmove(input.pointer, input.pointer + available.lowerBound, available.count)
    var count = available.count
    while count < input.capacity, !isAtEnd {
      let read = try source.read(into: input.pointer + count, capacity: input.capacity - count)
      if read == 0 { isAtEnd = true }
      count += read
    }
    available = 0..<count
  }

  private func decode() throws {
    let coder = try coder ?? begin()
    let bytes = UnsafeRawBufferPointer(
      start: input.pointer + available.lowerBound, count: available.count)
    let room = UnsafeMutableRawBufferPointer(start: output.pointer, count: output.capacity - 3)
    var (taken, written, stop) = coder.run(bytes, room)
    if stop == .unknown || (stop == .cut && isAtEnd) {
      output.pointer.storeBytes(of: 0xEF, toByteOffset: written, as: UInt8.self)
      output.pointer.storeBytes(of: 0xBF, toByteOffset: written + 1, as: UInt8.self)
      output.pointer.storeBytes(of: 0xBD, toByteOffset: written + 2, as: UInt8.self)
      written += 3
      taken += stop == .cut ? bytes.count - taken : min(encoding.unit, bytes.count - taken)
    }
    available = (available.lowerBound + taken)..<available.upperBound
    decoded = 0..<written
  }

  private func begin() throws -> Transcoder {
    let found = encoding.resolved(
      UnsafeRawBufferPointer(start: input.pointer, count: available.count))
    guard let made = Transcoder(to: "UTF-8", from: found.name) else {
      throw Failure("INVALID_PARAMETER_VALUE.CHARSET", "there is no encoding `\(found.name)`")
    }
    coder = made
    return made
  }
}

/// Turns what another encoder writes into an encoding. What it has no character for is `?`, as Java
/// writes it.
final class TranscodingEncoder: BatchEncoder {
  private let rows: any BatchEncoder
  private let encoding: TextEncoding
  private let coder: Transcoder
  private var text: [UInt8] = []
  private var isBegun = false

  init(_ rows: any BatchEncoder, _ encoding: TextEncoding) throws {
    guard let coder = Transcoder(to: encoding.name, from: "UTF-8") else {
      throw Failure(
        "INVALID_PARAMETER_VALUE.CHARSET", "nothing can be written as `\(encoding.name)`")
    }
    self.rows = rows
    self.encoding = encoding
    self.coder = coder
  }

  func encode(_ batch: Batch, into output: inout [UInt8]) throws {
    text.removeAll(keepingCapacity: true)
    try rows.encode(batch, into: &text)
    transcode(into: &output)
  }

  func finish(into output: inout [UInt8]) throws {
    text.removeAll(keepingCapacity: true)
    try rows.finish(into: &text)
    transcode(into: &output)
  }

  private func transcode(into output: inout [UInt8]) {
    if !text.isEmpty, !isBegun {
      isBegun = true
      // Java's UTF-16 writes the mark, its UTF-32 does not.
      if encoding.isMarked, encoding.unit == 2 { output += [0xFE, 0xFF] }
    }
    text.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 8) { piece in
        var rest = bytes
        while !rest.isEmpty {
          let (taken, written, stop) = coder.run(rest, piece)
          output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[0..<written]))
          rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
          if stop == .wantsMore || rest.isEmpty { continue }
          var mark: StaticString { "?" }
          let question = UnsafeRawBufferPointer(start: mark.utf8Start, count: 1)
          let answer = coder.run(question, piece)
          output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[0..<answer.written]))
          rest = UnsafeRawBufferPointer(rebasing: rest[Self.characterLength(rest)...])
        }
      }
    }
  }

  /// Bytes of the character that starts here, whole or not.
  private static func characterLength(_ bytes: UnsafeRawBufferPointer) -> Int {
    var count = 1
    while count < bytes.count, bytes[count] & 0xC0 == 0x80 { count += 1 }
    return count
  }
}
