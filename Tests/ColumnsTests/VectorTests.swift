import Columns
import Testing

@Suite struct VectorTests {
  static let types: [(DataType, [Scalar])] = [
    (.boolean, [.boolean(true), .null, .boolean(false)]),
    (.byte, [.integer(-1), .integer(127), .null]),
    (.long, [.integer(.min), .null, .integer(7)]),
    (.float, [.double(1.5), .null, .double(-0.25)]),
    (.decimal(precision: 38, scale: 2), [.decimal(-12345), .null]),
    (.string, [.text(""), .text("twelve bytes"), .text("thirteen bytes"), .null, .text("é")]),
    (.array(.string, containsNull: true), [.array([.text("a"), .null]), .null, .array([])]),
    (
      .map(.string, .long, valueContainsNull: true),
      [.map([.init(.text("a long key, not inline"), .integer(1))]), .null]
    ),
    (
      .structure([Field("a", .int), Field("b", .array(.int, containsNull: true))]),
      [.structure([.integer(1), .array([.integer(2)])]), .null, .structure([.null, .null])]
    ),
  ]

  func build(_ type: DataType, _ values: [Scalar]) -> Vector {
    let builder = VectorBuilder(type)
    for value in values { builder.append(value) }
    return builder.finish()
  }

  @Test(arguments: types.indices) func valuesComeBack(_ index: Int) {
    let (type, values) = Self.types[index]
    let many = Array(repeating: values, count: 100).flatMap { $0 }
    let vector = build(type, many)
    #expect((0..<vector.count).map { vector.scalar($0) } == many)
    #expect(vector.nullCount == many.count { $0 == .null })
  }

  @Test(arguments: types.indices) func gatherAndConcatenate(_ index: Int) {
    let (type, values) = Self.types[index]
    let vector = build(type, values)
    let rows = [values.count - 1, 0, 0]
    let picked = vector.gathered(Selection(rows))
    #expect((0..<3).map { picked.scalar($0) } == rows.map { values[$0] })
    let joined = Vector.concatenated([vector, picked, vector], type: type)
    let expected = values + rows.map { values[$0] } + values
    #expect((0..<joined.count).map { joined.scalar($0) } == expected)
    #expect((0..<joined.count).map { joined.detached().scalar($0) } == expected)
    let missing = vector.gathered(Selection([0, Int(Selection.none)]), hasMissing: true)
    #expect(missing.scalar(0) == values[0])
    #expect(missing.scalar(1) == .null)
  }

  @Test(arguments: types.indices) func constants(_ index: Int) {
    let (type, values) = Self.types[index]
    for value in values {
      let vector = Vector.constant(value, type, count: 5)
      #expect(vector.scalar(4) == value)
      #expect((0..<5).map { vector.flat.scalar($0) } == Array(repeating: value, count: 5))
      let missing = vector.gathered(Selection([1, Int(Selection.none)]), hasMissing: true)
      #expect([missing.scalar(0), missing.scalar(1)] == [value, .null])
    }
  }

  @Test func selectionOfTrueRows() {
    let values = (0..<200).map { $0 % 7 == 0 ? Scalar.null : .boolean($0 % 3 == 0) }
    let selection = Selection.whereTrue(build(.boolean, values))
    let rows = (0..<selection.count).map { Int(selection.rows[$0]) }
    #expect(rows == (0..<200).filter { values[$0] == .boolean(true) })
  }
}
