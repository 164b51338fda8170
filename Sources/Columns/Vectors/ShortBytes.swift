import Glibc

/// Bytes that are mostly few, as keys and encoded numbers are.
public enum ShortBytes {
  /// Copies without a call up to 32 bytes. Writes no byte beyond `count`.
  @inlinable @inline(__always)
  public static func copy(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer
  ) {
    if count >= 8 {
      if count > 32 {
        memcpy(target, source, count)
        return
      }
      let last = count &- 8
      if count > 16 {
        let (second, third) = (
          source.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
          source.loadUnaligned(fromByteOffset: last &- 8, as: UInt64.self)
        )
        target.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: third, toByteOffset: last &- 8, as: UInt64.self)
      }
      let end = source.loadUnaligned(fromByteOffset: last, as: UInt64.self)
      target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
      target.storeBytes(of: end, toByteOffset: last, as: UInt64.self)
    } else if count >= 4 {
      let last = count &- 4
      let end = source.loadUnaligned(fromByteOffset: last, as: UInt32.self)
      target.storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
      target.storeBytes(of: end, toByteOffset: last, as: UInt32.self)
    } else {
      var at = 0
      while at < count {
        target.storeBytes(
          of: source.load(fromByteOffset: at, as: UInt8.self), toByteOffset: at, as: UInt8.self)
        at &+= 1
      }
    }
  }
}
