import Columns
import Contract

/// A sketch of a distribution from which quantiles can be read with a bounded error of rank:
/// Greenwald and Khanna's, in the variant that Spark uses, so that answers agree.
struct QuantileSummary {
  private struct Sample {
    var value: Double
    /// How many ranks lie between this sample and the one before.
    var g: Int64
    /// How far its greatest possible rank lies above its least.
    var delta: Int64
  }

  private let error: Double
  private var samples: [Sample] = []
  private var count: Int64 = 0
  /// Values not merged into the samples yet.
  private var head: [Double] = []

  private static let headSize = 50_000
  private static let compressThreshold = 10_000

  init(error: Double) { self.error = error }

  mutating func insert(_ value: Double) {
    head.append(value)
    if head.count >= Self.headSize {
      insertHead()
      if samples.count >= Self.compressThreshold { compress() }
    }
  }

  private mutating func insertHead() {
    if head.isEmpty { return }
    head.sort { ValueOrder.doubles($0, $1) < 0 }
    var merged: [Sample] = []
    merged.reserveCapacity(samples.count + head.count)
    var next = 0
    for (index, value) in head.enumerated() {
      while next < samples.count, samples[next].value <= value {
        merged.append(samples[next])
        next += 1
      }
      count += 1
      let isEnd = merged.isEmpty || (next == samples.count && index == head.count - 1)
      let delta = isEnd ? 0 : Int64((2 * error * Double(count)).rounded(.down))
      merged.append(Sample(value: value, g: 1, delta: delta))
    }
    merged += samples[next...]
    samples = merged
    head.removeAll(keepingCapacity: true)
  }

  private mutating func compress() {
    insertHead()
    compressSamples()
  }

  private mutating func compressSamples() {
    guard var last = samples.last else { return }
    let threshold = 2 * error * Double(count)
    var kept: [Sample] = []
    for sample in samples.dropFirst().dropLast().reversed() {
      if Double(sample.g + last.g + last.delta) < threshold {
        last.g += sample.g
      } else {
        kept.append(last)
        last = sample
      }
    }
    kept.append(last)
    if samples[0].value <= last.value, samples.count > 1 { kept.append(samples[0]) }
    samples = kept.reversed()
  }

  mutating func merge(_ other: QuantileSummary) {
    var other = other
    compress()
    other.compress()
    if other.count == 0 { return }
    if count == 0 {
      self = other
      return
    }
    let ownDelta = Int64((2 * other.error * Double(other.count)).rounded(.down))
    let otherDelta = Int64((2 * error * Double(count)).rounded(.down))
    var merged: [Sample] = []
    var (i, j) = (0, 0)
    while i < samples.count, j < other.samples.count {
      if samples[i].value < other.samples[j].value {
        merged.append(samples[i])
        if j > 0 { merged[merged.count - 1].delta += ownDelta }
        i += 1
      } else {
        merged.append(other.samples[j])
        if i > 0 { merged[merged.count - 1].delta += otherDelta }
        j += 1
      }
    }
    merged += samples[i...]
    merged += other.samples[j...]
    samples = merged
    count += other.count
    compressSamples()
  }

  /// The values at some percentages (0…1); nil when there are none.
  mutating func query(_ percentages: [Double]) -> [Double]? {
    compress()
    guard let first = samples.first, let last = samples.last else { return nil }
    let widest = samples.reduce(Int64.min) { max($0, $1.delta + $1.g) }
    let targetError = Double(widest / 2)
    return percentages.map { percentage in
      if percentage <= error || samples.count == 1 { return first.value }
      if percentage >= 1 - error { return last.value }
      let rank = Double(Int64((percentage * Double(count)).rounded(.up)))
      var least = first.g
      for index in 0..<(samples.count - 1) {
        let greatest = Double(least + samples[index].delta)
        if greatest - targetError <= rank, rank <= Double(least) + targetError {
          return samples[index].value
        }
        least += samples[index + 1].g
      }
      return last.value
    }
  }

  static let stateType = DataType.structure([
    Field("count", .long), Field("values", .array(.double, containsNull: false)),
    Field("g", .array(.long, containsNull: false)),
    Field("delta", .array(.long, containsNull: false)),
  ])

  mutating func append(to builder: VectorBuilder) {
    compress()
    builder.children[0].append(integer: count)
    for sample in samples {
      builder.children[1].children[0].append(double: sample.value)
      builder.children[2].children[0].append(integer: sample.g)
      builder.children[3].children[0].append(integer: sample.delta)
    }
    for child in builder.children.dropFirst() { child.endList() }
    builder.endStructure()
  }

  init(error: Double, state: Vector, row: Int) {
    self.error = error
    let parts = state.children
    count = parts[0].integer(row)
    let values = parts[1].children[0].typed(Double.self)
    let (gs, deltas) = (
      parts[2].children[0].typed(Int64.self), parts[3].children[0].typed(Int64.self)
    )
    let (first, second) = (parts[2].range(row).lowerBound, parts[3].range(row).lowerBound)
    for (index, at) in parts[1].range(row).enumerated() {
      samples.append(
        Sample(value: values[at], g: gs[first + index], delta: deltas[second + index]))
    }
  }

  var memoryBytes: Int { samples.capacity * 24 + head.capacity * 8 }
}

/// PERCENTILE_APPROX.
final class QuantileAccumulator: Accumulator {
  private var summaries: [QuantileSummary] = []
  private let error: Double
  private let percentages: [Double]
  private let input: DataType
  private let isArray: Bool

  init(_ input: DataType, percentages: [Double], isArray: Bool, accuracy: Int64) {
    self.input = input
    self.percentages = percentages
    self.isArray = isArray
    error = 1 / Double(accuracy)
  }

  func grow(to groupCount: Int) {
    while summaries.count < groupCount { summaries.append(QuantileSummary(error: error)) }
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let vector = arguments[0].asDoubles()
    let (source, stride) = (vector.typed(Double.self), vector.stride)
    vector.forEachValid(count) { summaries[Int(groups[$0])].insert(source[$0 &* stride]) }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let flat = states[0].flat
    for row in 0..<count where !flat.isNull(row) {
      summaries[Int(groups[row])].merge(QuantileSummary(error: error, state: flat, row: row))
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    let builder = VectorBuilder(QuantileSummary.stateType, capacity: groups.count)
    for index in 0..<groups.count { summaries[Int(groups.rows[index])].append(to: builder) }
    return [builder.finish()]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    let builder = VectorBuilder(
      isArray ? .array(input, containsNull: false) : input, capacity: groups.count)
    for index in 0..<groups.count {
      guard let values = summaries[Int(groups.rows[index])].query(percentages) else {
        builder.appendNull()
        continue
      }
      for value in values { append(value, to: isArray ? builder.children[0] : builder) }
      if isArray { builder.endList() }
    }
    return builder.finish()
  }

  private func append(_ value: Double, to builder: VectorBuilder) {
    switch input {
    case .float, .double: builder.append(double: value)
    case .decimal(_, let scale):
      let scaled = (value * Double(Decimals.powersOfTen[scale])).rounded()
      builder.append(decimal: Int128(scaled))
    default: builder.append(integer: Int64(value))
    }
  }

  func reset(_ groups: Selection) {
    for index in 0..<groups.count {
      summaries[Int(groups.rows[index])] = QuantileSummary(error: error)
    }
  }

  var memoryBytes: Int { summaries.reduce(0) { $0 + $1.memoryBytes } }

  static func function(
    _ name: String, _ input: DataType, percentages: [Double], isArray: Bool, accuracy: Int64
  ) -> TypedAggregate {
    let type = isArray ? DataType.array(input, containsNull: false) : input
    return TypedAggregate(name, type, states: [QuantileSummary.stateType]) {
      QuantileAccumulator(input, percentages: percentages, isArray: isArray, accuracy: accuracy)
    }
  }
}
