import Columns
import Contract

/// PERCENTILE and MEDIAN: exact, with interpolation between neighbours.
enum Percentile {
  /// The value at each of some percentages (0…1) of the sorted values, which may have weights.
  static func values(
    _ elements: Vector, at percentages: [Double], isDescending: Bool = false,
    isDiscrete: Bool = false
  ) -> [Double]? {
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
    let sign = isDescending ? -1 : 1
    weighted.sort { ValueOrder.doubles($0.value, $1.value) * sign < 0 }
    var ends: [Int64] = []
    var total: Int64 = 0
    for item in weighted {
      total += item.weight
      ends.append(total)
    }
    return percentages.map { percentage in
      if isDiscrete {
        let rank = max((Double(total) * percentage).rounded(.up), 1)
        return weighted[index(of: Int64(rank), in: ends)].value
      }
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
    weightType: DataType = .long, isDescending: Bool = false, isDiscrete: Bool = false
  ) -> TypedAggregate {
    let one: DataType =
      switch input {
      case .dayTimeInterval: .dayToSecond
      case .yearMonthInterval: .yearToMonth
      default: .double
      }
    let type = isArray ? DataType.array(one, containsNull: false) : one
    let element =
      isWeighted ? DataType.structure([Field("value", input), Field("weight", weightType)]) : input
    return ListFinishAccumulator.function(name, element, type) { elements, builder in
      let found = values(
        elements, at: percentages, isDescending: isDescending, isDiscrete: isDiscrete)
      guard let values = found else { return builder.appendNull() }
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
  static func function(
    _ name: String, _ type: DataType, takesGreatest: Bool = false
  ) -> TypedAggregate {
    ListFinishAccumulator.function(name, type, type) { elements, builder in
      let sign = takesGreatest ? -1 : 1
      let order = (0..<elements.count).sorted {
        ValueOrder.compare(elements, $0, elements, $1) * sign < 0
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
  /// With `orders` the strings are put in order: by the keys that stand beside each, or where
  /// there are none by themselves.
  static func function(
    _ name: String, _ type: DataType, delimiter: [UInt8], keys: [DataType] = [],
    orders: [SortOrder] = []
  ) -> TypedAggregate {
    let fields = [Field("value", type)] + keys.enumerated().map { Field("key\($0)", $1) }
    let element = keys.isEmpty ? type : DataType.structure(fields)
    return ListFinishAccumulator.function(name, element, type) { elements, builder in
      if elements.count == 0 { return builder.appendNull() }
      let values = keys.isEmpty ? elements : elements.children[0]
      let columns = keys.isEmpty ? [elements] : Array(elements.children.dropFirst())
      let order = OrderedSet.order(
        elements, keys: zip(columns, orders).map { (column: $0, order: $1) })
      var bytes: [UInt8] = []
      for (place, row) in order.enumerated() {
        if place > 0 { bytes += delimiter }
        bytes.append(contentsOf: values.strings[row])
      }
      bytes.withUnsafeBytes { builder.append(bytes: $0) }
    }
  }
}
