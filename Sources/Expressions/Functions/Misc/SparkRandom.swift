import Glibc

/// Spark's XORShift generator: an explicit seed gives the numbers that Spark gives.
public struct SparkRandom {
  private var state: UInt64
  private var nextNormal: Double?

  public init(_ seed: Int64) {
    var bytes: [UInt8] = []
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: seed >> Int64(shift)))
    }
    let low = Self.hash(bytes, seed: 0x3c07_4a61)
    state = UInt64(Self.hash(bytes, seed: low)) << 32 | UInt64(low)
  }

  /// Murmur3 of 32 bits over whole words.
  private static func hash(_ bytes: [UInt8], seed: UInt32) -> UInt32 {
    var hash = seed
    for at in stride(from: 0, to: bytes.count, by: 4) {
      var k = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32($1 * 8) }
      k = k &* 0xcc9e_2d51
      k = k << 15 | k >> 17
      hash ^= k &* 0x1b87_3593
      hash = hash << 13 | hash >> 19
      hash = hash &* 5 &+ 0xe654_6b64
    }
    hash ^= UInt32(bytes.count)
    hash ^= hash >> 16
    hash = hash &* 0x85eb_ca6b
    hash ^= hash >> 13
    hash = hash &* 0xc2b2_ae35
    return hash ^ hash >> 16
  }

  private mutating func next(_ bits: UInt64) -> UInt64 {
    state = Self.step(state)
    return state & (1 << bits - 1)
  }

  private static func step(_ state: UInt64) -> UInt64 {
    var word = state ^ state << 21
    word ^= word >> 35
    return word ^ word << 4
  }

  /// Goes on as if `count` numbers of `nextDouble` had been drawn: a batch in the middle of a
  /// partition needs none of the numbers before it.
  public mutating func skipDoubles(_ count: Int) {
    skip(2 * count)
  }

  /// A step is linear over the bits of the state: `jumps[k]` has what 2^k steps make of each bit.
  mutating func skip(_ steps: Int) {
    for (power, columns) in Self.jumps.enumerated() where steps >> power & 1 == 1 {
      state = Self.apply(columns, state)
    }
  }

  private static let jumps: [[UInt64]] = {
    var jumps = [(0..<64).map { step(1 << $0) }]
    while jumps.count < 48 {
      let last = jumps[jumps.count - 1]
      jumps.append(last.map { apply(last, $0) })
    }
    return jumps
  }()

  private static func apply(_ columns: [UInt64], _ state: UInt64) -> UInt64 {
    var (left, made) = (state, UInt64(0))
    while left != 0 {
      made ^= columns[left.trailingZeroBitCount]
      left &= left - 1
    }
    return made
  }

  mutating func nextInt() -> Int32 { Int32(truncatingIfNeeded: next(32)) }

  public mutating func nextDouble() -> Double {
    Double(next(26) << 27 &+ next(27)) * 0x1p-53
  }

  /// Marsaglia's polar method, as Java's `Random`.
  mutating func nextGaussian() -> Double {
    if let held = nextNormal {
      nextNormal = nil
      return held
    }
    while true {
      let (x, y) = (2 * nextDouble() - 1, 2 * nextDouble() - 1)
      let radius = x * x + y * y
      if radius >= 1 || radius == 0 { continue }
      let factor = (-2 * log(radius) / radius).squareRoot()
      nextNormal = y * factor
      return x * factor
    }
  }
}
