import Columns
import Glibc

/// Bytes being written: plain memory that grows, so that an encoder writes through a pointer.
/// Whoever makes one frees it.
struct ByteOutput {
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int = 1 << 16) {
    self.capacity = capacity
    bytes = .allocate(capacity: capacity)
  }

  func free() { bytes.deallocate() }

  /// What was written so far.
  var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }

  /// Makes room for `more` bytes; what is behind `count` may be scribbled on.
  @inline(__always)
  mutating func reserve(_ more: Int) {
    if capacity &- count < more { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    let wider = max(capacity * 2, count + more)
    let new = UnsafeMutablePointer<UInt8>.allocate(capacity: wider)
    memcpy(new, bytes, count)
    bytes.deallocate()
    bytes = new
    capacity = wider
  }

  /// Room must have been reserved.
  @inline(__always)
  mutating func put(_ byte: UInt8) {
    bytes[count] = byte
    count &+= 1
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    put(byte)
  }

  @inline(__always)
  mutating func append(_ source: UnsafeRawPointer, _ size: Int) {
    reserve(size)
    memcpy(bytes + count, source, size)
    count &+= size
  }

  mutating func append(_ text: StaticString) { append(text.utf8Start, text.utf8CodeUnitCount) }

  mutating func append(_ source: [UInt8]) {
    source.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { append(base, bytes.count) }
    }
  }

  /// An integer as Java prints it.
  @inline(__always)
  mutating func append(integer value: Int64) {
    reserve(20)
    var rest = value.magnitude
    if value < 0 { put(0x2D) }
    if rest < 10 { return put(UInt8(truncatingIfNeeded: 48 &+ rest)) }
    var size = 1
    var power: UInt64 = 10
    while size < 19, rest >= power {
      size &+= 1
      power &*= 10
    }
    if rest >= 10_000_000_000_000_000_000 { size = 20 }
    var at = count &+ size
    while rest >= 100 {
      let quotient = rest / 100
      let pair = rest &- quotient &* 100
      at &-= 2
      put(pair: pair, at)
      rest = quotient
    }
    if rest >= 10 {
      put(pair: rest, at &- 2)
    } else {
      bytes[at &- 1] = UInt8(truncatingIfNeeded: 48 &+ rest)
    }
    count &+= size
  }

  @inline(__always)
  func put(pair: UInt64, _ at: Int) {
    let tens = pair / 10
    bytes[at] = UInt8(truncatingIfNeeded: 48 &+ tens)
    bytes[at &+ 1] = UInt8(truncatingIfNeeded: 48 &+ pair &- tens &* 10)
  }

  /// Two digits, 0…99; room must have been reserved.
  @inline(__always)
  mutating func put(pair: Int) {
    put(pair: UInt64(truncatingIfNeeded: pair), count)
    count &+= 2
  }
}
