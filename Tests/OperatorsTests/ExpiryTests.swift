import Columns
import Contract
import Expressions
import State
import Testing

@testable import Operators

@Suite struct ExpiryTests {
  /// Against a sorted list: what is taken, and in which order.
  @Test(arguments: [1, 2, 3])
  func indexTakesTheEarliestFirst(_ seed: UInt64) {
    var index = ExpiryIndex()
    var model: [(moment: Int64, number: UInt32)] = []
    var random = seed
    func next(_ bound: UInt64) -> Int64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int64((random >> 33) % bound)
    }
    var (number, limit): (UInt32, Int64) = (0, -3_000_000)
    for _ in 0..<300 {
      for _ in 0..<next(30) {
        let moment = limit + next(8_000_000) - 1_000_000
        index.add(number, at: moment)
        model.append((moment, number))
        number += 1
      }
      index.add(number, at: .max)
      limit += next(400_000)
      let expected = model.filter { $0.moment <= limit }.enumerated()
        .sorted { ($0.element.moment, $0.offset) < ($1.element.moment, $1.offset) }
        .map(\.element.number)
      #expect(index.takeExpired(upTo: limit) == expected)
      model.removeAll { $0.moment <= limit }
      if next(20) == 0 {
        index.renumber { $0 + 1 }
        for at in model.indices { model[at].number += 1 }
      }
    }
    #expect(index.takeExpired(upTo: .max - 1).count == model.count)
    #expect(index.takeExpired(upTo: .max - 1) == [])
  }

  @Test(arguments: [[DataType.long], [DataType.string]])
  func aShrunkTableHasTheSameKeys(_ types: [DataType]) throws {
    let codec = RowKeyCodec(types)
    let table = KeyTable(width: codec.width)
    let encoder = RowKeyEncoder(codec)
    let builder = VectorBuilder(types[0])
    for row in 0..<100_000 {
      if types[0] == .long {
        builder.append(integer: Int64(row))
      } else {
        builder.append(text: "key \(row)")
      }
    }
    let column = builder.finish()
    let groups = Buffer(capacity: column.count * 4)
    table.findOrInsert(
      encoder.encode([column], count: column.count), into: groups.typed(UInt32.self))
    table.remove(Selection((0..<column.count).filter { $0 % 10 != 3 }))
    #expect(table.isSparse)
    let (small, numbers) = table.shrunk()
    #expect(small.count == 10_000)
    #expect(!small.isSparse && small.memoryBytes * 4 < table.memoryBytes)
    let keys = encoder.encode([column], count: column.count)
    for row in 0..<column.count {
      #expect(small.find(keys[row]) == (row % 10 == 3 ? numbers[row] : KeyTable.none))
    }
  }

  /// Tables that were much larger are made anew: those that are left are still known.
  @Test func whatIsLeftIsStillKnown() throws {
    let count = 70_000
    let rows = (0..<count).map {
      [int(Int64($0 % 20 == 0 ? 9_000_000 : 1_000_000)), int(Int64($0))]
    }
    let later = (0..<count).filter { $0 % 20 == 0 }.map { [int(9_000_000), int(Int64($0))] }
    let counts = try StreamQuery("t TIMESTAMP, k BIGINT", .update, partitionCount: 1) {
      try $0.watermark("t", "0 seconds").aggregate(["t", "k"], ["count(1) AS n"]).select("k", "n")
    }
    #expect(try counts.batch(rows).count == count)
    let before = counts.metrics.state["aggregate"]?.memoryBytes ?? 0
    #expect(try counts.batch([], watermark: 5_000_000) == [])
    #expect(counts.metrics.state["aggregate"]?.rowsTotal == 3500)
    #expect((counts.metrics.state["aggregate"]?.memoryBytes ?? 0) * 4 < before)
    for n in 2...3 {
      let expected = (0..<count).filter { $0 % 20 == 0 }.map { "\($0) \(n)" }.sorted()
      #expect(try counts.batch(later, watermark: 5_000_000) == expected)
    }
    #expect(try counts.batch([later[1]], watermark: 5_000_000) == ["20 4"])
    #expect(try counts.batch([later[1]], watermark: 9_000_000) == ["20 5"])
    #expect(counts.state.count == 0)
    let unique = try StreamQuery("t TIMESTAMP, k BIGINT", .append, partitionCount: 1) {
      try $0.watermark("t", "0 seconds").deduplicate(["t", "k"]).select("k")
    }
    #expect(try unique.batch(rows).count == count)
    #expect(try unique.batch([], watermark: 5_000_000) == [])
    #expect(try unique.batch(later + [[int(9_000_000), int(1)]], watermark: 5_000_000) == ["1"])
    #expect(unique.state.count == 3501)
    #expect(try unique.batch([], watermark: 9_000_000) == [])
    #expect(unique.state.count == 0)
  }
}
