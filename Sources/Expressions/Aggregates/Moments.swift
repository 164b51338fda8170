import Columns
import Contract
import Glibc

/// The first central moments of a group: n, mean, and the sums of the 2nd to 4th powers of the
/// distance from it.
struct Moments: BitwiseCopyable {
  var n = 0.0
  var mean = 0.0
  var m2 = 0.0
  var m3 = 0.0
  var m4 = 0.0

  @inline(__always)
  mutating func add(_ x: Double) {
    n += 1
    let delta = x - mean
    let deltaN = delta / n
    mean += deltaN
    m2 += delta * (delta - deltaN)
    let (delta2, deltaN2) = (delta * delta, deltaN * deltaN)
    m3 = m3 - 3.0 * deltaN * m2 + delta * (delta2 - deltaN2)
    m4 =
      m4 - 4.0 * deltaN * m3 - 6.0 * deltaN2 * m2
      + delta * (delta * delta2 - deltaN * deltaN2)
  }

  mutating func merge(_ b: Moments) {
    if b.n == 0 { return }
    let total = n + b.n
    let delta = b.mean - mean
    let deltaN = total == 0 ? 0 : delta / total
    let fourth =
      m4 + b.m4 + deltaN * deltaN * deltaN * delta * n * b.n * (n * n - n * b.n + b.n * b.n)
      + 6.0 * deltaN * deltaN * (n * n * b.m2 + b.n * b.n * m2)
      + 4.0 * deltaN * (n * b.m3 - b.n * m3)
    let third =
      m3 + b.m3 + deltaN * deltaN * delta * n * b.n * (n - b.n)
      + 3.0 * deltaN * (n * b.m2 - b.n * m2)
    m2 = m2 + b.m2 + delta * deltaN * n * b.n
    mean += deltaN * b.n
    (m3, m4, n) = (third, fourth, total)
  }
}

/// STDDEV, VARIANCE, SKEWNESS and KURTOSIS.
final class MomentAccumulator: Accumulator {
  /// What is made of the moments; nil is NULL.
  typealias Finish = @Sendable (Moments) -> Double?

  private var moments = GroupArray<Moments>(empty: Moments())
  private let finish: Finish

  init(_ finish: @escaping Finish) { self.finish = finish }

  func grow(to groupCount: Int) { moments.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let vector = arguments[0].asDoubles()
    let moments = moments.pointer
    let (source, stride) = (vector.typed(Double.self), vector.stride)
    vector.forEachValid(count) { moments[Int(groups[$0])].add(source[$0 &* stride]) }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let flat = states.map(\.flat)
    let columns = flat.map { $0.typed(Double.self) }
    for row in 0..<count {
      moments.pointer[Int(groups[row])].merge(
        Moments(
          n: columns[0][row], mean: columns[1][row], m2: columns[2][row], m3: columns[3][row],
          m4: columns[4][row]))
    }
    withExtendedLifetime(flat) {}
  }

  func states(_ groups: Selection) -> [Vector] {
    [\Moments.n, \.mean, \.m2, \.m3, \.m4].map { part in
      let out = Buffer(capacity: groups.count * 8)
      for index in 0..<groups.count {
        out.typed(Double.self)[index] = moments.pointer[Int(groups.rows[index])][keyPath: part]
      }
      return Vector(.double, count: groups.count, values: out)
    }
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    let builder = VectorBuilder(.double, capacity: groups.count)
    for index in 0..<groups.count {
      let group = moments.pointer[Int(groups.rows[index])]
      if group.n > 0, let value = finish(group) {
        builder.append(double: value)
      } else {
        builder.appendNull()
      }
    }
    return builder.finish()
  }

  func reset(_ groups: Selection) { moments.reset(groups) }

  var memoryBytes: Int { moments.memoryBytes }

  static func function(_ name: String, _ finish: @escaping Finish) -> TypedAggregate {
    let states = Array(repeating: DataType.double, count: 5)
    return TypedAggregate(name, .double, states: states) { MomentAccumulator(finish) }
  }

  static let variancePopulation: Finish = { $0.m2 / $0.n }
  static let varianceSample: Finish = { $0.n == 1 ? nil : $0.m2 / ($0.n - 1) }
  static let deviationPopulation: Finish = { ($0.m2 / $0.n).squareRoot() }
  static let deviationSample: Finish = { $0.n == 1 ? nil : ($0.m2 / ($0.n - 1)).squareRoot() }
  static let skewness: Finish = {
    $0.m2 == 0 ? nil : $0.n.squareRoot() * $0.m3 / ($0.m2 * $0.m2 * $0.m2).squareRoot()
  }
  static let kurtosis: Finish = { $0.m2 == 0 ? nil : $0.n * $0.m4 / ($0.m2 * $0.m2) - 3 }
}
