import Contract
import Expressions
import Testing

@testable import Operators

struct FailingItemsTests {
  /// Whatever fails is found, and the rows that are evaluated for it stay in proportion to
  /// n log n, though each evaluation looks at all that it is given.
  @Test(arguments: [0.0, 0.001, 0.1, 0.5, 1.0])
  func findsAllAtLittleCost(_ share: Double) throws {
    let count = 8192
    let isBad = (0..<count).map { Double($0 &* 2_654_435_761 % 10_000) < share * 10_000 }
    let expected = isBad.indices.filter { isBad[$0] }
    var evaluated = 0
    func attempt(_ items: [Int]) throws {
      evaluated += items.count
      if let row = items.firstIndex(where: { isBad[$0] }) {
        throw RowFailure(row: row, Failure("BAD", "\(items[row])"))
      }
    }
    guard let first = expected.first else { return try attempt(Array(0..<count)) }
    let (good, bad) = try FailingItems.find(
      count, RowFailure(row: first, Failure("BAD", "\(first)")), attempt)
    #expect(bad.map(\.item) == expected)
    #expect(bad.allSatisfy { $0.failure.message == "\($0.item)" })
    #expect(good == isBad.indices.filter { !isBad[$0] })
    #expect(evaluated < 15 * count, "\(evaluated) rows for \(expected.count) bad ones")
  }
}
