import Columns
import Glibc

/// Gathers restored entries, so that keys and values are decoded some thousand at a time.
struct StateLoader {
  private let keyWidth: Int?
  private let values: RowKeyCodec
  private var keyBytes: [UInt8] = []
  private var keyEnds: [Int] = [0]
  private var valueBytes: [UInt8] = []
  private var valueStarts: [Int] = []

  private static let stepRows = 4096

  init(keyWidth: Int?, values: RowKeyCodec) {
    self.keyWidth = keyWidth
    self.values = values
  }

  var isFull: Bool { valueStarts.count >= Self.stepRows }

  mutating func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    keyBytes += key
    keyEnds.append(keyBytes.count)
    valueStarts.append(valueBytes.count)
    valueBytes += value
  }

  /// Hands the entries over and starts anew.
  mutating func flush(_ take: ([Vector], OwnedKeys) throws -> Void) throws {
    let count = valueStarts.count
    if count == 0 { return }
    let columns = valueBytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: count) { addresses in
        guard let base = addresses.baseAddress, let start = bytes.baseAddress ?? nil else {
          return values.types.map { Vector.nulls($0, count: count) }
        }
        for row in 0..<count { base[row] = start + valueStarts[row] }
        return values.decode(base, count: count)
      }
    }
    try take(columns, owned(count))
    keyBytes.removeAll(keepingCapacity: true)
    keyEnds = [0]
    valueBytes.removeAll(keepingCapacity: true)
    valueStarts.removeAll(keepingCapacity: true)
  }

  private func owned(_ count: Int) -> OwnedKeys {
    let bytes = keyBytes.withUnsafeBytes { Buffer(copying: $0) }
    let hashes = Buffer(capacity: count * 8)
    let out = hashes.typed(UInt64.self)
    for row in 0..<count {
      out[row] = RowKeyHash.hash(bytes.pointer + keyEnds[row], keyEnds[row + 1] - keyEnds[row])
    }
    let offsets =
      keyWidth == nil
      ? keyEnds.withUnsafeBytes { Buffer(copying: $0) } : nil
    return OwnedKeys(
      bytes: bytes, offsets: offsets, width: keyWidth ?? 0, count: count, hashes: hashes)
  }
}

/// The machine's steady clock, for durations that only metrics show.
enum SystemTime {
  static var monotonicNs: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
