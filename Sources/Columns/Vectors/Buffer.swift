import Glibc
import Synchronization

/// A piece of 64-byte aligned memory, as Arrow's buffers: the only owner of column bytes.
///
/// Border (`@unchecked Sendable`): a buffer has one writer, the builder or kernel that made it,
/// until it becomes part of a `Vector`; from then on nobody writes it and any thread may read it.
/// `capacity` bytes may be used; 64 more behind them may be read (their value is undefined), so
/// that a kernel can load whole words at the end.
public final class Buffer: @unchecked Sendable {
  public let pointer: UnsafeMutableRawPointer
  /// Bytes.
  public let capacity: Int

  /// Bytes that may be read, not written, behind every buffer's capacity.
  public static let padding = 64

  public init(capacity: Int) {
    precondition(capacity >= 0, "a buffer of negative size")
    let rounded = (capacity &+ 63) & ~63
    pointer = UnsafeMutableRawPointer.allocate(byteCount: rounded &+ Self.padding, alignment: 64)
    self.capacity = rounded
    Self.inUse.add(rounded, ordering: .relaxed)
  }

  private static let inUse = Atomic(0)

  /// Bytes of all buffers that there are.
  public static var bytesInUse: Int { inUse.load(ordering: .relaxed) }

  /// A buffer with every byte 0.
  public static func zeroed(capacity: Int) -> Buffer {
    let buffer = Buffer(capacity: capacity)
    memset(buffer.pointer, 0, buffer.capacity + padding)
    return buffer
  }

  /// A buffer that holds a copy of these bytes.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(capacity: bytes.count)
    if let base = bytes.baseAddress { memcpy(pointer, base, bytes.count) }
  }

  deinit {
    pointer.deallocate()
    Self.inUse.subtract(capacity, ordering: .relaxed)
  }

  /// The bytes as values of one type.
  @inlinable @inline(__always)
  public func typed<T>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    pointer.assumingMemoryBound(to: type)
  }

  /// The empty buffer that zero-length vectors share.
  public static let empty = Buffer.zeroed(capacity: 0)
}

/// Bits as Arrow packs them: bit `i` is bit `i % 8` of byte `i / 8`. For validity, 1 is "not NULL".
public enum Bitmap {
  /// Bytes that hold `count` bits, rounded up to whole 64-bit words.
  @inlinable public static func byteCount(_ count: Int) -> Int { ((count &+ 63) >> 6) << 3 }

  /// A bitmap of `count` equal bits; the bits behind them are 0.
  public static func filled(_ value: Bool, count: Int) -> Buffer {
    let buffer = Buffer.zeroed(capacity: byteCount(count))
    guard value, count > 0 else { return buffer }
    memset(buffer.pointer, 0xFF, count >> 3)
    if count & 7 != 0 {
      buffer.typed(UInt8.self)[count >> 3] = UInt8((1 << (count & 7)) - 1)
    }
    return buffer
  }

  @inlinable @inline(__always)
  public static func get(_ bits: UnsafeRawPointer, _ index: Int) -> Bool {
    (bits.load(fromByteOffset: index >> 3, as: UInt8.self) >> UInt8(truncatingIfNeeded: index & 7))
      & 1 != 0
  }

  @inlinable @inline(__always)
  public static func set(_ bits: UnsafeMutableRawPointer, _ index: Int) {
    let byte = bits.assumingMemoryBound(to: UInt8.self) + (index >> 3)
    byte.pointee |= 1 << UInt8(truncatingIfNeeded: index & 7)
  }

  @inlinable @inline(__always)
  public static func clear(_ bits: UnsafeMutableRawPointer, _ index: Int) {
    let byte = bits.assumingMemoryBound(to: UInt8.self) + (index >> 3)
    byte.pointee &= ~(1 << UInt8(truncatingIfNeeded: index & 7))
  }

  /// How many of the first `count` bits are 1.
  public static func countOnes(_ buffer: Buffer, count: Int) -> Int {
    let words = buffer.typed(UInt64.self)
    var ones = 0
    for index in 0..<(count >> 6) { ones &+= words[index].nonzeroBitCount }
    let rest = count & 63
    if rest != 0 { ones &+= (words[count >> 6] & ((1 << UInt64(rest)) &- 1)).nonzeroBitCount }
    return ones
  }

  /// The bits that are 1 in both; nil stands for "all 1". The result is shared where it can be.
  public static func and(_ a: Buffer?, _ b: Buffer?, count: Int) -> Buffer? {
    guard let a else { return b }
    guard let b, a !== b else { return a }
    let out = Buffer(capacity: byteCount(count))
    let (x, y, z) = (a.typed(UInt64.self), b.typed(UInt64.self), out.typed(UInt64.self))
    for index in 0..<((count &+ 63) >> 6) { z[index] = x[index] & y[index] }
    return out
  }
}
