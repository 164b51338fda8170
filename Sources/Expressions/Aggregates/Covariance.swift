import Columns

/// The joint moments of two columns over the rows in which neither is NULL.
struct JointMoments: MomentState {
  var n = 0.0
  var xMean = 0.0
  var yMean = 0.0
  /// Sum of the products of both distances from the means.
  var products = 0.0
  /// Sums of the squared distances.
  var xSquares = 0.0
  var ySquares = 0.0

  /// As Spark's CORR and COVAR_ add a row.
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

  /// As its REGR_ functions do: the squares as VAR_POP adds them, which differs in the last digit.
  @inline(__always)
  mutating func addForRegression(_ x: Double, _ y: Double) {
    n += 1
    let (dx, dy) = (x - xMean, y - yMean)
    let (dxN, dyN) = (dx / n, dy / n)
    xMean += dxN
    yMean += dyN
    products += dx * (y - yMean)
    xSquares += dx * (dx - dxN)
    ySquares += dy * (dy - dyN)
  }

  mutating func merge(_ b: JointMoments) {
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

  static func update(
    _ groups: UnsafeMutablePointer<JointMoments>, _ arguments: [Vector],
    _ rows: UnsafePointer<UInt32>, _ count: Int
  ) {
    forEachPair(arguments, count) { groups[Int(rows[$0])].add($1, $2) }
  }

  static func updateForRegression(
    _ groups: UnsafeMutablePointer<JointMoments>, _ arguments: [Vector],
    _ rows: UnsafePointer<UInt32>, _ count: Int
  ) {
    forEachPair(arguments, count) { groups[Int(rows[$0])].addForRegression($1, $2) }
  }

  @inline(__always)
  private static func forEachPair(
    _ arguments: [Vector], _ count: Int, _ body: (Int, Double, Double) -> Void
  ) {
    let (x, y) = (arguments[0].asDoubles(), arguments[1].asDoubles())
    let (xs, ys) = (x.typed(Double.self), y.typed(Double.self))
    x.forEachValid(count) { row in
      if !y.isNull(row) { body(row, xs[row &* x.stride], ys[row &* y.stride]) }
    }
  }
}

extension MomentAccumulator where State == JointMoments {
  static var correlation: Finish {
    {
      $0.n == 1 || $0.xSquares == 0 || $0.ySquares == 0
        ? nil : $0.products / ($0.xSquares * $0.ySquares).squareRoot()
    }
  }
  static var population: Finish { { $0.products / $0.n } }
  static var sample: Finish { { $0.n == 1 ? nil : $0.products / ($0.n - 1) } }
  static var products: Finish { { $0.products } }
  /// Of the dependent variable and the independent one, in this order.
  static var determination: Finish {
    {
      if $0.ySquares == 0 { return nil }
      if $0.xSquares == 0 { return 1 }
      let correlation = $0.products / ($0.xSquares * $0.ySquares).squareRoot()
      return correlation * correlation
    }
  }
  // For these `x` is the independent variable, which the functions of SQL take second.
  static var slope: Finish { { $0.xSquares == 0 ? nil : $0.products / $0.xSquares } }
  static var intercept: Finish {
    { $0.xSquares == 0 ? nil : $0.yMean - $0.products / $0.xSquares * $0.xMean }
  }
}
