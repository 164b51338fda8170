import Columns
import Contract
import Testing

@testable import State

@Suite struct RowKeyTests {
  static func vector(_ values: [Scalar], _ type: DataType) -> Vector {
    let builder = VectorBuilder(type)
    for value in values { builder.append(value) }
    return builder.finish()
  }

  static func bytes(_ keys: RowKeys) -> [[UInt8]] { (0..<keys.count).map { Array(keys[$0]) } }

  static func decoded(_ codec: RowKeyCodec, _ keys: RowKeys) -> [Vector] {
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: keys.count) { buffer in
      for row in 0..<keys.count { buffer[row] = keys[row].baseAddress! }
      return codec.decode(buffer.baseAddress!, count: keys.count)
    }
  }

  @Test(
    arguments: [
      (DataType.long, [Scalar.integer(-5), .integer(7), .null, .integer(.min), .integer(.max)]),
      (.int, [.integer(-1), .integer(0), .null, .integer(12)]),
      (.byte, [.integer(-128), .integer(127), .null]),
      (.short, [.integer(-300), .integer(5)]),
      (.boolean, [.boolean(true), .null, .boolean(false)]),
      (.double, [.double(-1.5), .double(0), .double(2.5), .null, .double(.infinity)]),
      (.float, [.double(-1.5), .double(0), .null]),
      (.decimal(precision: 20, scale: 2), [.decimal(-5), .decimal(1 << 90), .null]),
      (
        .string,
        [
          .text(""), .text("a"), .null, .text("a\u{0}b"), .text("\u{1}"), .text("\u{0}\u{0}"),
          .text("a string longer than twelve bytes"), .text("twelve bytes"), .text("ärger"),
        ]
      ),
      (
        .array(.int, containsNull: true),
        [
          .array([]), .array([.integer(1), .null]), .null, .array([.integer(-1)]),
        ]
      ),
      (
        .structure([Field("a", .string), Field("b", .int)]),
        [
          .structure([.text("x"), .integer(3)]), .null, .structure([.null, .integer(3)]),
        ]
      ),
      (
        .map(.string, .int, valueContainsNull: true),
        [
          .map([.init(.text("a"), .integer(1)), .init(.text("b"), .null)]), .map([]), .null,
        ]
      ),
    ] as [(DataType, [Scalar])])
  func valuesComeBack(_ type: DataType, _ values: [Scalar]) {
    let codec = RowKeyCodec([type, .int])
    let encoder = RowKeyEncoder(codec)
    let numbers = Self.vector(values.indices.map { .integer(Int64($0)) }, .int)
    let keys = encoder.encode([Self.vector(values, type), numbers], count: values.count)
    let columns = Self.decoded(codec, keys)
    #expect(values.indices.map { columns[0].scalar($0) } == values)
    #expect(
      values.indices.map { columns[1].scalar($0) } == values.indices.map { .integer(Int64($0)) })
  }

  @Test func ordersAsTheValuesDo() {
    func order(_ values: [Scalar], _ type: DataType, _ order: KeyOrder) -> [Int] {
      let encoder = RowKeyEncoder(RowKeyCodec([type], for: .sorting([order])))
      let keys = Self.bytes(encoder.encode([Self.vector(values, type)], count: values.count))
      return values.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
    }
    let up = KeyOrder(isDescending: false, nullsFirst: true)
    let down = KeyOrder(isDescending: true, nullsFirst: false)
    let numbers: [Scalar] = [.integer(3), .null, .integer(-2), .integer(100)]
    #expect(order(numbers, .long, up) == [1, 2, 0, 3])
    #expect(order(numbers, .long, down) == [3, 0, 2, 1])
    #expect(order(numbers, .long, KeyOrder(isDescending: true, nullsFirst: true)) == [1, 3, 0, 2])
    #expect(
      order(numbers, .long, KeyOrder(isDescending: false, nullsFirst: false)) == [2, 0, 3, 1])
    let texts: [Scalar] = [.text("b"), .text("a\u{0}"), .text("a"), .text("ab"), .text(""), .null]
    #expect(order(texts, .string, up) == [5, 4, 2, 1, 3, 0])
    #expect(order(texts, .string, down) == [0, 3, 1, 2, 4, 5])
    let fractions: [Scalar] = [
      .double(.nan), .double(-.infinity), .double(-0.5), .double(0), .double(3),
    ]
    #expect(order(fractions, .double, up) == [1, 2, 3, 4, 0])
  }

  @Test func groupsAsSparkDoes() {
    let encoder = RowKeyEncoder(RowKeyCodec([.double]))
    let values: [Scalar] = [.double(0), .double(-0.0), .double(.nan), .double(-.nan)]
    let keys = Self.bytes(encoder.encode([Self.vector(values, .double)], count: 4))
    #expect(keys[0] == keys[1])
    #expect(keys[2] == keys[3])
    let maps = DataType.map(.string, .int, valueContainsNull: true)
    let a = Scalar.Entry(.text("a"), .integer(1))
    let b = Scalar.Entry(.text("b"), .integer(2))
    let mapEncoder = RowKeyEncoder(RowKeyCodec([maps]))
    let both = Self.bytes(
      mapEncoder.encode([Self.vector([.map([a, b]), .map([b, a])], maps)], count: 2))
    #expect(both[0] == both[1])
  }

  @Test func constantColumnsAreRows() {
    let codec = RowKeyCodec([.string, .long])
    let encoder = RowKeyEncoder(codec)
    let keys = encoder.encode(
      [.constant(.text("k"), .string, count: 3), .constant(.null, .long, count: 3)], count: 3)
    let columns = Self.decoded(codec, keys)
    #expect((0..<3).map { columns[0].scalar($0) } == [.text("k"), .text("k"), .text("k")])
    #expect((0..<3).map { columns[1].scalar($0) } == [.null, .null, .null])
  }
}

@Suite struct KeyTableTests {
  private func table(_ type: DataType) -> (KeyTable, RowKeyEncoder) {
    let codec = RowKeyCodec([type])
    return (KeyTable(width: codec.width), RowKeyEncoder(codec))
  }

  private func find(_ table: KeyTable, _ keys: RowKeys, inserting: Bool = true) -> [UInt32] {
    var groups = [UInt32](repeating: 0, count: keys.count)
    groups.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      if inserting { table.findOrInsert(keys, into: base) } else { table.find(keys, into: base) }
    }
    return groups
  }

  @Test(arguments: [DataType.long, .string])
  func numbersAreGivenInOrderOfArrival(_ type: DataType) {
    let (table, encoder) = table(type)
    let count = 5000
    func column(_ value: (Int) -> Int) -> Vector {
      RowKeyTests.vector(
        (0..<count).map { type == .long ? .integer(Int64(value($0))) : .text("key \(value($0))") },
        type)
    }
    let first = find(table, encoder.encode([column { $0 % 700 }], count: count))
    #expect(first == (0..<count).map { UInt32($0 % 700) })
    #expect(table.count == 700)
    let second = find(table, encoder.encode([column { $0 }], count: count))
    #expect(second == (0..<count).map { UInt32($0) })
    let codec = encoder.codec
    let decoded = withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: count) {
      table.keyAddresses(table.groups, to: $0.baseAddress!)
      return codec.decode($0.baseAddress!, count: count)[0]
    }
    #expect(decoded.scalar(4711) == (type == .long ? .integer(4711) : .text("key 4711")))
  }

  @Test(arguments: [DataType.long, .string])
  func removedGroupsAreGivenAgain(_ type: DataType) {
    let (table, encoder) = table(type)
    func keys(_ values: Range<Int>) -> RowKeys {
      encoder.encode(
        [
          RowKeyTests.vector(
            values.map { type == .long ? .integer(Int64($0)) : .text("a longer key \($0)") }, type)
        ], count: values.count)
    }
    _ = find(table, keys(0..<1000))
    table.remove(Selection((0..<1000).filter { $0 % 2 == 0 }))
    #expect(table.count == 500)
    let left = find(table, keys(0..<1000), inserting: false)
    for row in 0..<1000 {
      #expect(left[row] == (row % 2 == 0 ? KeyTable.none : UInt32(row)))
    }
    #expect(table.groups.count == 500)
    let again = find(table, keys(1000..<1500))
    #expect(again.allSatisfy { $0 % 2 == 0 && $0 < 1000 })
    #expect(table.groupLimit == 1000)
    #expect(table.count == 1000)
  }
}
