import Columns
import Contract

/// What a state file holds: where the blocks of each partition lie, and how far it is sound.
struct StateFile: Sendable {
  struct Block: Sendable {
    let place: StatePlace
    let version: Int64
    /// Of the entries, in the file.
    let entriesOffset: Int
    let entriesByteCount: Int
    let payloadOffset: Int
    let payloadByteCount: Int
    let checksum: UInt64
  }

  let path: String
  /// Of sealed versions, in order.
  private(set) var blocks: [Block] = []
  /// Where the last sealed version ends.
  private(set) var soundByteCount = 0
  private(set) var lastVersion: Int64 = -1
  /// Bytes of the file behind the last sealed version: an unfinished batch, or damage.
  private(set) var restByteCount = 0

  /// The last version that earlier change files hold, as the head says; 0 in a snapshot.
  private(set) var versionBefore: Int64 = 0

  static func headLine(_ owner: String, versionBefore: Int64 = 0) -> String {
    "moontide state 1 \(owner) \(versionBefore)\n"
  }

  /// Reads the frames' headers. Nothing behind `limit` counts.
  init(_ path: String, owner: String, storage: any Storage, limit: Int = .max) throws {
    self.path = path
    let window = Window(try storage.openForReading(path))
    let end = min(window.size, limit)
    var at = try readHead(window, owner)
    soundByteCount = at
    var pending: [Block] = []
    var sum: UInt64 = 0
    frames: while at + StateFrame.headerByteCount <= end {
      let readable = min(end - at, StateFrame.headerByteCount + StatePlace.byteCountLimit)
      guard let header = try window.with(at, readable, { StateFrame.Header($0) }),
        at + StateFrame.headerByteCount + header.payloadByteCount <= end
      else { break frames }
      let payload = at + StateFrame.headerByteCount
      at = payload + header.payloadByteCount
      switch header.kind {
      case .block:
        guard let place = header.place else { break frames }
        pending.append(
          Block(
            place: place, version: header.version, entriesOffset: payload + header.placeByteCount,
            entriesByteCount: header.payloadByteCount - header.placeByteCount,
            payloadOffset: payload, payloadByteCount: header.payloadByteCount,
            checksum: header.checksum))
        sum = sum &+ header.checksum
      case .end:
        let seal = try window.with(payload, 16) { bytes in
          (
            bytes.loadUnaligned(as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
          )
        }
        guard seal == (UInt64(pending.count), sum) else { break frames }
        blocks += pending
        (pending, sum) = ([], 0)
        soundByteCount = at
        lastVersion = header.version
      }
    }
    restByteCount = end - soundByteCount
  }

  /// Gives the head's length.
  private mutating func readHead(_ window: Window, _ owner: String) throws -> Int {
    let text = try window.with(0, min(window.size, 256)) { bytes in
      String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
    }
    let words = text.split(separator: " ")
    if words.count >= 3, words[0] == "moontide", words[1] == "state", words[2] != "1" {
      throw Failure(
        "STREAMING_LOG_FORMAT_UNSUPPORTED",
        "`\(path)` has format \(words[2]); this program reads format 1",
        hint: "A newer Moontide wrote it; use that one")
    }
    guard words.count == 5, words[0] == "moontide", words[1] == "state", words[3] == owner,
      let before = Int64(words[4])
    else { throw StateFolder.damage("`\(path)` is no state file of query \(owner)") }
    versionBefore = before
    return text.utf8.count + 1
  }

  /// Reads one block's payload into a buffer that is used again, and checks it.
  static func read(
    _ block: Block, from reader: any StorageReader, path: String, into buffer: inout Buffer
  ) throws {
    if buffer.capacity < block.payloadByteCount {
      buffer = Buffer(capacity: block.payloadByteCount)
    }
    try reader.read(
      UnsafeMutableRawBufferPointer(start: buffer.pointer, count: block.payloadByteCount),
      at: block.payloadOffset)
    guard StateFrame.hash(buffer.pointer, block.payloadByteCount) == block.checksum else {
      throw StateFolder.damage("`\(path)` is damaged in the block at byte \(block.payloadOffset)")
    }
  }

  /// Checks every block.
  func verify(_ storage: any Storage) throws {
    let reader = try storage.openForReading(path)
    var buffer = Buffer(capacity: 0)
    for block in blocks { try Self.read(block, from: reader, path: path, into: &buffer) }
  }

  /// A file read through a moving piece of 256 KiB.
  private final class Window {
    let size: Int
    private let reader: any StorageReader
    private let buffer = Buffer(capacity: 1 << 18)
    private var range = 0..<0

    init(_ reader: any StorageReader) {
      self.reader = reader
      size = reader.size
    }

    func with<T>(_ offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) -> T) throws -> T {
      if offset < range.lowerBound || offset + count > range.upperBound {
        range = offset..<min(size, offset + buffer.capacity)
        try reader.read(
          UnsafeMutableRawBufferPointer(start: buffer.pointer, count: range.count), at: offset)
      }
      return body(
        UnsafeRawBufferPointer(start: buffer.pointer + (offset - range.lowerBound), count: count))
    }
  }
}
