import Columns
import State

// Tables that were much larger leave memory: what is left gets new numbers.

extension KeyTable {
  /// Where most numbers are given to no key, hands over a smaller table and the new number of each
  /// old one, and brings the index up to it.
  func shrinkIfSparse(_ index: inout ExpiryIndex, _ take: (KeyTable, NewNumbers) -> Void) {
    guard isSparse else { return }
    let (table, numbers) = shrunk()
    let new = NewNumbers(numbers)
    take(table, new)
    index.renumber { new[$0] }
    ReturnedMemory.want()
  }
}

/// The new number of each old one; `KeyTable.none` where there is none any more.
struct NewNumbers {
  private let numbers: [UInt32]

  init(_ numbers: [UInt32]) { self.numbers = numbers }

  /// An index may still name what has gone before.
  subscript(old: UInt32) -> UInt32 { old < numbers.count ? numbers[Int(old)] : KeyTable.none }

  /// What stands by number, in a list of `count`.
  func moved<Element>(_ old: [Element], to count: Int, empty: Element) -> [Element] {
    var out = [Element](repeating: empty, count: count)
    for (number, element) in zip(numbers, old) where number != KeyTable.none {
      out[Int(number)] = element
    }
    return out
  }
}
