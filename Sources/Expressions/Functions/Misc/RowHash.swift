import Columns
import Glibc

/// A hash of single values with a seed, from which Spark makes the hash of a row: column by column,
/// each seeded with the hash so far, NULLs left out.
protocol ValueHash {
  static func int(_ value: UInt32, seed: UInt64) -> UInt64
  static func long(_ value: UInt64, seed: UInt64) -> UInt64
  static func bytes(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64
}

extension ValueHash {
  /// Hashes a column into the rows' hashes so far.
  static func fold(_ vector: Vector, into hashes: UnsafeMutablePointer<UInt64>, count: Int) {
    let stride = vector.stride
    switch vector.type {
    case .long, .timestamp, .timestampNtz, .dayTimeInterval:
      let source = vector.typed(Int64.self)
      vector.forEachValid(count) {
        hashes[$0] = long(UInt64(bitPattern: source[$0 &* stride]), seed: hashes[$0])
      }
    case .string, .binary:
      let source = vector.strings
      vector.forEachValid(count) { hashes[$0] = bytes(source[$0], seed: hashes[$0]) }
    default:
      vector.forEachValid(count) { hashes[$0] = value(vector, $0, seed: hashes[$0]) }
    }
  }

  /// The hash of one row's value; NULL leaves the seed.
  static func value(_ vector: Vector, _ row: Int, seed: UInt64) -> UInt64 {
    if vector.isNull(row) { return seed }
    let at = vector.position(row)
    switch vector.type {
    case .null: return seed
    case .boolean: return int(vector.boolean(row) ? 1 : 0, seed: seed)
    case .byte, .short, .int, .date, .yearMonthInterval:
      return int(UInt32(truncatingIfNeeded: vector.integer(row)), seed: seed)
    case .long, .timestamp, .timestampNtz, .dayTimeInterval:
      return long(UInt64(bitPattern: vector.integer(row)), seed: seed)
    case .float:
      let value = vector.typed(Float.self)[at]
      return int(value == 0 ? 0 : value.isNaN ? 0x7fc0_0000 : value.bitPattern, seed: seed)
    case .double:
      let value = vector.typed(Double.self)[at]
      return long(
        value == 0 ? 0 : value.isNaN ? 0x7ff8_0000_0000_0000 : value.bitPattern, seed: seed)
    case .decimal(let precision, _):
      return decimal(vector.typed(Int128.self)[at], precision: precision, seed: seed)
    case .string, .binary: return bytes(vector.strings[row], seed: seed)
    case .calendarInterval:
      let interval = CalendarInterval(bits: vector.typed(Int128.self)[at])
      let time = long(UInt64(bitPattern: interval.microseconds), seed: seed)
      let days = int(UInt32(bitPattern: interval.days), seed: time)
      return int(UInt32(bitPattern: interval.months), seed: days)
    case .array, .map:
      var hash = seed
      for element in vector.range(row) {
        for child in vector.children { hash = value(child, element, seed: hash) }
      }
      return hash
    case .structure:
      return vector.children.reduce(seed) { value($1, at, seed: $0) }
    }
  }

  private static func decimal(_ value: Int128, precision: Int, seed: UInt64) -> UInt64 {
    if precision <= 18 {
      return long(UInt64(bitPattern: Int64(truncatingIfNeeded: value)), seed: seed)
    }
    // As Java's BigInteger writes the digits: the fewest bytes of two's complement, big-endian.
    var digits: [UInt8] = []
    var rest = value
    repeat {
      digits.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    } while !(rest == 0 && digits[digits.count - 1] < 0x80)
      && !(rest == -1 && digits[digits.count - 1] >= 0x80)
    digits.reverse()
    return digits.withUnsafeBytes { bytes($0, seed: seed) }
  }
}

/// XXH64.
enum XXHash64: ValueHash {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  @inline(__always)
  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value &<< count | value &>> (64 &- count)
  }

  @inline(__always)
  private static func finish(_ value: UInt64) -> UInt64 {
    var hash = value
    hash ^= hash >> 33
    hash = hash &* prime2
    hash ^= hash >> 29
    hash = hash &* prime3
    return hash ^ hash >> 32
  }

  static func int(_ value: UInt32, seed: UInt64) -> UInt64 {
    let hash = (seed &+ prime5 &+ 4) ^ UInt64(value) &* prime1
    return finish(rotate(hash, 23) &* prime2 &+ prime3)
  }

  @inline(__always)
  static func long(_ value: UInt64, seed: UInt64) -> UInt64 {
    let hash = (seed &+ prime5 &+ 8) ^ rotate(value &* prime2, 31) &* prime1
    return finish(rotate(hash, 27) &* prime1 &+ prime4)
  }

  @inline(__always)
  private static func round(_ accumulator: UInt64, _ word: UInt64) -> UInt64 {
    rotate(accumulator &+ word &* prime2, 31) &* prime1
  }

  static func bytes(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    let count = bytes.count
    guard count > 0, let base = bytes.baseAddress else { return finish(seed &+ prime5) }
    func word(_ at: Int) -> UInt64 { base.loadUnaligned(fromByteOffset: at, as: UInt64.self) }
    var at = 0
    var hash: UInt64
    if count >= 32 {
      var lanes = (
        seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1
      )
      while at <= count - 32 {
        lanes.0 = round(lanes.0, word(at))
        lanes.1 = round(lanes.1, word(at + 8))
        lanes.2 = round(lanes.2, word(at + 16))
        lanes.3 = round(lanes.3, word(at + 24))
        at += 32
      }
      hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
      for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
        hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
      }
    } else {
      hash = seed &+ prime5
    }
    hash = hash &+ UInt64(count)
    while at + 8 <= count {
      hash = rotate(hash ^ round(0, word(at)), 27) &* prime1 &+ prime4
      at += 8
    }
    if at + 4 <= count {
      let half = UInt64(base.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      hash = rotate(hash ^ half &* prime1, 23) &* prime2 &+ prime3
      at += 4
    }
    while at < count {
      hash = rotate(hash ^ UInt64(bytes[at]) &* prime5, 11) &* prime1
      at += 1
    }
    return finish(hash)
  }

  /// One hash a row, of one column, seeded with 42.
  static func hashes(of vector: Vector) -> Vector {
    let count = vector.isConstant ? min(vector.count, 1) : vector.count
    let out = Buffer(capacity: vector.count * 8)
    let hashes = out.typed(UInt64.self)
    hashes.update(repeating: 42, count: count)
    fold(vector, into: hashes, count: count)
    return Vector(.long, count: vector.count, values: out, isConstant: vector.isConstant)
  }
}

/// Murmur3 of 32 bits, with each byte of a tail as a word of its own, as Spark has it.
enum Murmur3: ValueHash {
  @inline(__always)
  private static func mix(_ hash: UInt32, _ word: UInt32) -> UInt32 {
    var k = word &* 0xcc9e_2d51
    k = k &<< 15 | k &>> 17
    k = k &* 0x1b87_3593
    var h = hash ^ k
    h = h &<< 13 | h &>> 19
    return h &* 5 &+ 0xe654_6b64
  }

  @inline(__always)
  private static func finish(_ hash: UInt32, _ length: Int) -> UInt64 {
    var h = hash ^ UInt32(truncatingIfNeeded: length)
    h ^= h >> 16
    h = h &* 0x85eb_ca6b
    h ^= h >> 13
    h = h &* 0xc2b2_ae35
    return UInt64(h ^ h >> 16)
  }

  static func int(_ value: UInt32, seed: UInt64) -> UInt64 {
    finish(mix(UInt32(truncatingIfNeeded: seed), value), 4)
  }

  static func long(_ value: UInt64, seed: UInt64) -> UInt64 {
    let low = mix(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: value))
    return finish(mix(low, UInt32(truncatingIfNeeded: value >> 32)), 8)
  }

  static func bytes(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = UInt32(truncatingIfNeeded: seed)
    var at = 0
    while at + 4 <= bytes.count {
      hash = mix(hash, bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      at += 4
    }
    while at < bytes.count {
      hash = mix(hash, UInt32(truncatingIfNeeded: Int32(Int8(bitPattern: bytes[at]))))
      at += 1
    }
    return finish(hash, bytes.count)
  }
}
