import Columns
import Contract

/// Java's generator of random numbers, which breaks the ties of the histogram.
private struct JavaRandom {
  private var state: UInt64

  init(_ seed: UInt64) { state = (seed ^ 0x5_DEEC_E66D) & 0xFFFF_FFFF_FFFF }

  private mutating func next(_ bits: UInt64) -> UInt64 {
    state = (state &* 0x5_DEEC_E66D &+ 0xB) & 0xFFFF_FFFF_FFFF
    return state >> (48 - bits)
  }

  mutating func nextDouble() -> Double { Double(next(26) << 27 &+ next(27)) * 0x1p-53 }
}

/// HISTOGRAM_NUMERIC: bins of uneven width, of which the two nearest are merged when there are too
/// many (Ben-Haim and Tom-Tov).
private struct Histogram {
  var bins: [(x: Double, y: Double)] = []
  private var random = JavaRandom(31183)

  mutating func add(_ value: Double, limit: Int) {
    var (low, high) = (0, bins.count)
    while low < high {
      let middle = (low + high) / 2
      if ValueOrder.doubles(bins[middle].x, value) < 0 { low = middle + 1 } else { high = middle }
    }
    if low < bins.count, bins[low].x == value {
      bins[low].y += 1
    } else {
      bins.insert((value, 1), at: low)
      trim(limit)
    }
  }

  mutating func merge(_ other: [(x: Double, y: Double)], limit: Int) {
    for bin in other {
      if let index = bins.firstIndex(where: { $0.x == bin.x }) {
        bins[index].y += bin.y
      } else {
        bins.append(bin)
      }
    }
    bins.sort { ValueOrder.doubles($0.x, $1.x) < 0 }
    trim(limit)
  }

  private mutating func trim(_ limit: Int) {
    while bins.count > limit {
      var (nearest, place, ties) = (Double.infinity, 0, 1.0)
      for index in 0..<(bins.count - 1) {
        let gap = bins[index + 1].x - bins[index].x
        if gap < nearest {
          (nearest, place, ties) = (gap, index, 1)
        } else if gap == nearest {
          ties += 1
          if random.nextDouble() <= 1 / ties { place = index }
        }
      }
      let (a, b) = (bins[place], bins[place + 1])
      let weight = a.y + b.y
      bins[place] = (a.x * (a.y / weight) + b.x * (b.y / weight), weight)
      bins.remove(at: place + 1)
    }
  }
}

/// The histograms of the groups of one table.
final class HistogramAccumulator: Accumulator {
  private var histograms: [Histogram] = []
  private let limit: Int
  private let resultType: DataType

  static let stateType = DataType.array(
    .structure([Field("x", .double), Field("y", .double)]), containsNull: false)

  init(limit: Int, _ resultType: DataType) {
    self.limit = limit
    self.resultType = resultType
  }

  func grow(to groupCount: Int) {
    while histograms.count < groupCount { histograms.append(Histogram()) }
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    // Dates, instants and intervals count in their units.
    let type = arguments[0].type
    let isPlain = type.isNumeric
    let numbers = isPlain ? arguments[0].asDoubles() : arguments[0]
    for row in 0..<count where !numbers.isNull(row) {
      let value =
        isPlain
        ? numbers.typed(Double.self)[row &* numbers.stride] : Double(numbers.integer(row))
      histograms[Int(groups[row])].add(value, limit: limit)
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let list = states[0].flat
    for row in 0..<count where !list.isNull(row) {
      let fields = list.children[0].flat.children.map(\.flat)
      let bins = list.range(row).map {
        (x: fields[0].typed(Double.self)[$0], y: fields[1].typed(Double.self)[$0])
      }
      histograms[Int(groups[row])].merge(bins, limit: limit)
    }
  }

  func states(_ groups: Selection) -> [Vector] { [vector(Self.stateType, groups)] }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    vector(resultType, groups)
  }

  private func vector(_ type: DataType, _ groups: Selection) -> Vector {
    let builder = VectorBuilder(type, capacity: groups.count)
    let place = type.element.childTypes[0]
    for index in 0..<groups.count {
      let bins = histograms[Int(groups.rows[index])].bins
      if bins.isEmpty, type != Self.stateType {
        builder.appendNull()
        continue
      }
      let fields = builder.children[0].children
      for bin in bins {
        if place.isFraction {
          fields[0].append(double: bin.x)
        } else {
          fields[0].append(integer: Int64(bin.x))
        }
        fields[1].append(double: bin.y)
        builder.children[0].endStructure()
      }
      builder.endList()
    }
    return builder.finish()
  }

  func reset(_ groups: Selection) {
    for index in 0..<groups.count { histograms[Int(groups.rows[index])] = Histogram() }
  }

  var memoryBytes: Int { histograms.reduce(0) { $0 + $1.bins.capacity * 16 + 64 } }

  static func function(_ name: String, _ type: DataType, limit: Int) -> TypedAggregate {
    // The centre of a bin has the type of the values, or DOUBLE for a DECIMAL.
    let place = type.isDecimal ? DataType.double : type
    let result = DataType.array(
      .structure([Field("x", place), Field("y", .double)]), containsNull: true)
    return TypedAggregate(name, result, states: [stateType]) {
      HistogramAccumulator(limit: limit, result)
    }
  }
}
