import Testing

@testable import Columns

struct LargeMemoryTests {
  /// Through the allocator, the first mapping and huge pages: what was written stays, the rest is
  /// 0.
  @Test func growsInPlaceOrNot() {
    let array = LargeArray<UInt64>()
    var count = 0
    for wanted in [1, 8, 9, 1000, 100_000, 131_072, 131_073, 1_000_000, 1_100_000, 4_000_000] {
      array.reserve(wanted)
      #expect(array.memoryBytes >= wanted * 8)
      let values = array.pointer
      var isZero = true
      for index in count..<wanted {
        isZero = isZero && values[index] == 0
        values[index] = UInt64(index) &* 31
      }
      #expect(isZero, "\(wanted)")
      count = wanted
      #expect((0..<count).allSatisfy { values[$0] == UInt64($0) &* 31 }, "\(wanted)")
    }
  }
}
