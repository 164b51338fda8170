import Columns
import Contract

/// What a statistic keeps of a group: nothing but `Double`s, in the order of the state columns, the
/// count of rows first.
protocol MomentState: BitwiseCopyable, Sendable {
  init()
  var n: Double { get }
  mutating func merge(_ other: Self)
}

/// The first central moments of a group: n, mean, and the sums of the 2nd to 4th powers of the
/// distance from it.
struct Moments: MomentState {
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

  static func update(
    _ groups: UnsafeMutablePointer<Moments>, _ arguments: [Vector],
    _ rows: UnsafePointer<UInt32>, _ count: Int
  ) {
    let vector = arguments[0].asDoubles()
    let (source, stride) = (vector.typed(Double.self), vector.stride)
    vector.forEachValid(count) { groups[Int(rows[$0])].add(source[$0 &* stride]) }
  }
}

/// STDDEV, VARIANCE, SKEWNESS, KURTOSIS, CORR, the COVAR_ and the REGR_ functions.
final class MomentAccumulator<State: MomentState>: Accumulator {
  /// What is made of the moments; nil is NULL.
  typealias Finish = @Sendable (State) -> Double?
  /// Rows of the arguments into the groups that they belong to.
  typealias Update =
    @Sendable (UnsafeMutablePointer<State>, [Vector], UnsafePointer<UInt32>, Int) -> Void

  private var moments = GroupArray<State>(empty: State())
  private let add: Update
  private let finish: Finish

  init(_ add: @escaping Update, _ finish: @escaping Finish) {
    self.add = add
    self.finish = finish
  }

  private static var partCount: Int { MemoryLayout<State>.size / MemoryLayout<Double>.size }

  func grow(to groupCount: Int) { moments.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    add(moments.pointer, arguments, groups, count)
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let flat = states.map(\.flat)
    let columns = flat.map { $0.typed(Double.self) }
    for row in 0..<count {
      var state = State()
      withUnsafeMutableBytes(of: &state) { bytes in
        let parts = bytes.assumingMemoryBound(to: Double.self)
        for part in 0..<Self.partCount { parts[part] = columns[part][row] }
      }
      if state.n > 0 { moments.pointer[Int(groups[row])].merge(state) }
    }
    withExtendedLifetime(flat) {}
  }

  func states(_ groups: Selection) -> [Vector] {
    let count = Self.partCount
    let memory = UnsafeMutableRawPointer(moments.pointer).assumingMemoryBound(to: Double.self)
    return (0..<count).map { part in
      let out = Buffer(capacity: groups.count * 8)
      let target = out.typed(Double.self)
      for index in 0..<groups.count {
        target[index] = memory[Int(groups.rows[index]) * count + part]
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

  static func function(
    _ name: String, _ add: @escaping Update, _ finish: @escaping Finish
  ) -> TypedAggregate {
    let states = Array(repeating: DataType.double, count: partCount)
    return TypedAggregate(name, .double, states: states) { MomentAccumulator(add, finish) }
  }
}

extension MomentAccumulator where State == Moments {
  static var variancePopulation: Finish { { $0.m2 / $0.n } }
  static var varianceSample: Finish { { $0.n == 1 ? nil : $0.m2 / ($0.n - 1) } }
  static var deviationPopulation: Finish { { ($0.m2 / $0.n).squareRoot() } }
  static var deviationSample: Finish {
    { $0.n == 1 ? nil : ($0.m2 / ($0.n - 1)).squareRoot() }
  }
  static var skewness: Finish {
    { $0.m2 == 0 ? nil : $0.n.squareRoot() * $0.m3 / ($0.m2 * $0.m2 * $0.m2).squareRoot() }
  }
  static var kurtosis: Finish { { $0.m2 == 0 ? nil : $0.n * $0.m4 / ($0.m2 * $0.m2) - 3 } }
  /// The sum of the squared distances from the mean.
  static var squares: Finish { { $0.m2 } }
}
