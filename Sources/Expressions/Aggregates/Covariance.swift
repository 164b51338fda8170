import Columns
import Contract
import Glibc

/// The joint moments of two columns over the rows in which neither is NULL.
struct JointMoments: BitwiseCopyable {
  var n = 0.0
  var xMean = 0.0
  var yMean = 0.0
  /// Sum of the products of both distances from the means.
  var products = 0.0
  /// Sums of the squared distances.
  var xSquares = 0.0
  var ySquares = 0.0

  @inline(__always)
  mutating func add(_ x: Double, _ y: Double) {
    n += 1
    let (dx, dy) = (x - xMean, y - yMean)
    xMean += dx / n
    yMean += dy / n
    products += dx * (y - yMean)
    xSquares += dx * (x - xMean)
    ySquares += dy * (y - yMean)
  }

  mutating func merge(_ b: JointMoments) {
    if b.n == 0 { return }
    let total = n + b.n
    let (dx, dy) = (b.xMean - xMean, b.yMean - yMean)
    let (dxN, dyN) = (dx / total, dy / total)
    products += b.products + dx * dyN * n * b.n
    xSquares += b.xSquares + dx * dxN * n * b.n
    ySquares += b.ySquares + dy * dyN * n * b.n
    xMean += dxN * b.n
    yMean += dyN * b.n
    n = total
  }
}

/// CORR, COVAR_POP, COVAR_SAMP and the REGR_ functions.
final class CovarianceAccumulator: Accumulator {
  /// What is made of the moments; nil is NULL.
  typealias Finish = @Sendable (JointMoments) -> Double?

  private var moments = GroupArray<JointMoments>(empty: JointMoments())
  private let finish: Finish

  init(_ finish: @escaping Finish) { self.finish = finish }

  func grow(to groupCount: Int) { moments.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let (x, y) = (arguments[0].asDoubles(), arguments[1].asDoubles())
    let (xs, ys) = (x.typed(Double.self), y.typed(Double.self))
    let moments = moments.pointer
    x.forEachValid(count) { row in
      if y.isNull(row) { return }
      moments[Int(groups[row])].add(xs[row &* x.stride], ys[row &* y.stride])
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let flat = states.map(\.flat)
    let columns = flat.map { $0.typed(Double.self) }
    for row in 0..<count {
      moments.pointer[Int(groups[row])].merge(
        JointMoments(
          n: columns[0][row], xMean: columns[1][row], yMean: columns[2][row],
          products: columns[3][row], xSquares: columns[4][row], ySquares: columns[5][row]))
    }
    withExtendedLifetime(flat) {}
  }

  func states(_ groups: Selection) -> [Vector] {
    [\JointMoments.n, \.xMean, \.yMean, \.products, \.xSquares, \.ySquares].map { part in
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
    let states = Array(repeating: DataType.double, count: 6)
    return TypedAggregate(name, .double, states: states) { CovarianceAccumulator(finish) }
  }

  static let correlation: Finish = {
    $0.n == 1 || $0.xSquares == 0 || $0.ySquares == 0
      ? nil : $0.products / ($0.xSquares * $0.ySquares).squareRoot()
  }
  static let population: Finish = { $0.products / $0.n }
  static let sample: Finish = { $0.n == 1 ? nil : $0.products / ($0.n - 1) }
  // The first argument of the REGR_ functions is the dependent variable: `x` here, `y` in their
  // names.
  static let independentMean: Finish = { $0.yMean }
  static let dependentMean: Finish = { $0.xMean }
  static let independentSquares: Finish = { $0.ySquares }
  static let dependentSquares: Finish = { $0.xSquares }
  static let products: Finish = { $0.products }
  static let slope: Finish = { $0.ySquares == 0 ? nil : $0.products / $0.ySquares }
  static let intercept: Finish = {
    $0.ySquares == 0 ? nil : $0.xMean - $0.products / $0.ySquares * $0.yMean
  }
  static let determination: Finish = {
    if $0.ySquares == 0 { return nil }
    if $0.xSquares == 0 { return 1 }
    let correlation = $0.products / ($0.xSquares * $0.ySquares).squareRoot()
    return correlation * correlation
  }
}
