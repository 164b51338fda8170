import Columns
import Contract

/// PERCENTILE and MEDIAN: exact, with interpolation between neighbours.
enum Percentile {
  /// The value at each of some percentages (0…1) of the sorted values, which may have weights.
  static func values(_ elements: Vector, at percentages: [Double]) -> [Double]? {
    var weighted: [(value: Double, weight: Int64)] = []
    if case .structure = elements.type {
      let (value, weight) = (elements.children[0].asDoubles(), elements.children[1].widened())
      for row in 0..<elements.count where !weight.isNull(row) && weight.integer(row) > 0 {
        weighted.append((value.typed(Double.self)[row], weight.integer(row)))
      }
    } else {
      let source = elements.asDoubles().flat
      for row in 0..<elements.count { weighted.append((source.typed(Double.self)[row], 1)) }
    }
    if weighted.isEmpty { return nil }
    weighted.sort { ValueOrder.doubles($0.value, $1.value) < 0 }
    var ends: [Int64] = []
    var total: Int64 = 0
    for item in weighted {
      total += item.weight
      ends.append(total)
    }
    return percentages.map { percentage in
      let position = Double(total - 1) * percentage
      let (lower, higher) = (position.rounded(.down), position.rounded(.up))
      let low = weighted[index(of: Int64(lower) + 1, in: ends)].value
      if higher == lower { return low }
      let high = weighted[index(of: Int64(higher) + 1, in: ends)].value
      if high == low { return low }
      return (higher - position) * low + (position - lower) * high
    }
  }

  /// The first item whose running count reaches `rank`.
  private static func index(of rank: Int64, in ends: [Int64]) -> Int {
    var (first, last) = (0, ends.count - 1)
    while first < last {
      let middle = (first + last) / 2
      if ends[middle] < rank { first = middle + 1 } else { last = middle }
    }
    return first
  }

  /// `percentages`: one, or those of an array, which gives an array.
  static func function(
    _ name: String, _ input: DataType, percentages: [Double], isArray: Bool, isWeighted: Bool,
    weightType: DataType = .long
  ) -> TypedAggregate {
    let one: DataType = input.isInterval ? input : .double
    let type = isArray ? DataType.array(one, containsNull: false) : one
    let element =
      isWeighted ? DataType.structure([Field("value", input), Field("weight", weightType)]) : input
    return ListFinishAccumulator.function(name, element, type) { elements, builder in
      guard let values = values(elements, at: percentages) else { return builder.appendNull() }
      for value in values {
        let target = isArray ? builder.children[0] : builder
        if one == .double {
          target.append(double: value)
        } else {
          target.append(integer: Int64(value))
        }
      }
      if isArray { builder.endList() }
    }
  }
}

/// MODE: the most frequent value; of several the least.
enum Mode {
  static func function(_ name: String, _ type: DataType) -> TypedAggregate {
    ListFinishAccumulator.function(name, type, type) { elements, builder in
      let order = (0..<elements.count).sorted {
        ValueOrder.compare(elements, $0, elements, $1) < 0
      }
      var (best, bestCount, start) = (-1, 0, 0)
      for index in order.indices {
        let isLast =
          index == order.count - 1
          || ValueOrder.compare(elements, order[index], elements, order[index + 1]) != 0
        guard isLast else { continue }
        if index + 1 - start > bestCount { (best, bestCount) = (order[start], index + 1 - start) }
        start = index + 1
      }
      if best < 0 { builder.appendNull() } else { builder.append(elements, row: best) }
    }
  }
}

/// LISTAGG (STRING_AGG): the strings of a group, joined.
enum ListAggregate {
  static func function(_ name: String, _ type: DataType, delimiter: [UInt8]) -> TypedAggregate {
    ListFinishAccumulator.function(name, type, type) { elements, builder in
      if elements.count == 0 { return builder.appendNull() }
      var bytes: [UInt8] = []
      for row in 0..<elements.count {
        if row > 0 { bytes += delimiter }
        bytes.append(contentsOf: elements.strings[row])
      }
      bytes.withUnsafeBytes { builder.append(bytes: $0) }
    }
  }
}
