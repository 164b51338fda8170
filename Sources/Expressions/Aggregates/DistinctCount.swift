import CSystem
import Columns
import Contract
import Glibc

/// APPROX_COUNT_DISTINCT: HyperLogLog++ with the hash and the tables that Spark uses.
final class DistinctCountAccumulator: Accumulator {
  private var registers: [UInt8] = []
  private let precision: Int
  private let width: Int

  init(precision: Int) {
    self.precision = precision
    width = 1 << precision
  }

  func grow(to groupCount: Int) {
    let wanted = groupCount * width
    if registers.count < wanted {
      registers += [UInt8](repeating: 0, count: wanted - registers.count)
    }
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let vector = arguments[0]
    let hashes = XXHash64.hashes(of: vector)
    let source = hashes.typed(Int64.self)
    let (precision, width) = (precision, width)
    registers.withUnsafeMutableBufferPointer { registers in
      vector.forEachValid(count) { row in
        let hash = UInt64(bitPattern: source[row &* hashes.stride])
        let index = Int(hash >> UInt64(64 - precision))
        let rest = hash << UInt64(precision) | 1 << UInt64(precision - 1)
        let rank = UInt8(rest.leadingZeroBitCount + 1)
        let at = Int(groups[row]) * width + index
        if registers[at] < rank { registers[at] = rank }
      }
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    for row in 0..<count where !states[0].isNull(row) {
      let partial = states[0].strings[row]
      let base = Int(groups[row]) * width
      for index in 0..<min(width, partial.count) where registers[base + index] < partial[index] {
        registers[base + index] = partial[index]
      }
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    let builder = VectorBuilder(.binary, capacity: groups.count)
    registers.withUnsafeBytes { registers in
      for index in 0..<groups.count {
        let base = Int(groups.rows[index]) * width
        builder.append(bytes: UnsafeRawBufferPointer(rebasing: registers[base..<(base + width)]))
      }
    }
    return [builder.finish()]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    let builder = VectorBuilder(.long, capacity: groups.count)
    for index in 0..<groups.count {
      builder.append(integer: Int64((estimate(Int(groups.rows[index])) + 0.5).rounded(.down)))
    }
    return builder.finish()
  }

  private func estimate(_ group: Int) -> Double {
    let m = Double(width)
    var (inverse, zeros) = (0.0, 0.0)
    for index in 0..<width {
      let rank = registers[group * width + index]
      inverse += 1.0 / Double(Int32(1) << Int32(rank & 31))
      if rank == 0 { zeros += 1 }
    }
    if zeros > 0 {
      let linear = m * log(m / zeros)
      if precision < 19, linear <= Self.thresholds[precision - 4] { return linear }
    }
    let factor: Double
    switch precision {
    case 4: factor = 0.673
    case 5: factor = 0.697
    case 6: factor = 0.709
    default: factor = 0.7213 / (1.0 + 1.079 / m)
    }
    let raw = factor * m * m / inverse
    return precision < 19 && raw < 5 * m ? raw - bias(raw) : raw
  }

  /// Up to where linear counting is the better estimate, for 4 to 18 bits of precision.
  private static let thresholds: [Double] = [
    10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 11500, 20000, 50000, 120_000, 350_000,
  ]

  /// The mean bias at the six table entries nearest to an estimate.
  private func bias(_ raw: Double) -> Double {
    let start = moontide_hyperloglog_start(Int32(precision - 4))
    let count = Int(moontide_hyperloglog_start(Int32(precision - 3)) - start)
    func estimate(_ index: Int) -> Double { moontide_hyperloglog_estimate(start + Int32(index)) }
    var (first, last) = (0, count)
    while first < last {
      let middle = (first + last) / 2
      if estimate(middle) < raw { first = middle + 1 } else { last = middle }
    }
    func distance(_ index: Int) -> Double {
      (raw - estimate(index)) * (raw - estimate(index))
    }
    var low = max(first - 5, 0)
    var high = min(low + 6, count)
    while high < count, distance(high) < distance(low) {
      low += 1
      high += 1
    }
    var sum = 0.0
    for index in low..<high { sum += moontide_hyperloglog_bias(start + Int32(index)) }
    return sum / Double(high - low)
  }

  func reset(_ groups: Selection) {
    for index in 0..<groups.count {
      let base = Int(groups.rows[index]) * width
      for at in base..<(base + width) { registers[at] = 0 }
    }
  }

  var memoryBytes: Int { registers.capacity }

  /// `deviation`: the greatest relative standard deviation allowed.
  static func function(_ name: String, deviation: Double) -> TypedAggregate {
    let precision = max(4, Int((2 * log(1.106 / deviation) / log(2.0)).rounded(.up)))
    return TypedAggregate(name, .long, isNullable: false, states: [.binary]) {
      DistinctCountAccumulator(precision: precision)
    }
  }
}
