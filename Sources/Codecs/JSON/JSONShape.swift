import Columns
import Glibc

/// The fields of one struct by name, and what its records looked like so far.
struct JSONShape {
  /// Slots of the fields, by position in `names`; the corrupt-record column is not among them.
  let names: UnsafeMutablePointer<JSONName>
  let nameCount: Int
  /// Which key stood at which position of the last record that was looked up.
  let expected: UnsafeMutablePointer<JSONExpectedKey>
  /// Positions that are remembered; 0 for what is no struct.
  let expectedCount: Int
}

/// A field's name as bytes; 8 more may be read behind them.
struct JSONName {
  let bytes: UnsafeMutablePointer<UInt8>
  let count: Int
  let slot: Int
}

/// A key seen at some position, and the slot that it belongs to (-1: none).
struct JSONExpectedKey {
  /// -1: nothing is remembered.
  var count = -1
  var slot = -1
  /// `capacity` bytes and padding.
  let bytes: UnsafeMutablePointer<UInt8>

  static let capacity = 56
}

/// The names of every struct in a reader's type. Owned by one reader.
final class JSONShapes {
  /// By slot; slots that are no structs have an empty shape.
  let shapes: UnsafeMutablePointer<JSONShape>
  private let count: Int

  /// `hidden`: a root field that is never looked for in the text.
  init(_ columns: RecordColumns, hidden: Int?) {
    count = columns.slotCount
    shapes = .allocate(capacity: count)
    for slot in 0..<count {
      var names: [JSONName] = []
      if case .structure(let fields) = columns.type(of: slot) {
        for (index, field) in fields.enumerated() where slot != 0 || index != hidden {
          // Of two equal names the last one counts, as in Spark's field map.
          let later = fields[(index + 1)...].contains { $0.name == field.name }
          if later { continue }
          names.append(Self.name(field.name, slot: columns.slots[slot].firstChild + index))
        }
      }
      let stored = UnsafeMutablePointer<JSONName>.allocate(capacity: max(names.count, 1))
      stored.initialize(from: names, count: names.count)
      let isStructure = columns.slots[slot].kind == .structure
      let expectedCount = isStructure ? 64 : 0
      let expected = UnsafeMutablePointer<JSONExpectedKey>.allocate(capacity: max(expectedCount, 1))
      for index in 0..<expectedCount {
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: JSONExpectedKey.capacity + 8)
        bytes.initialize(repeating: 0, count: JSONExpectedKey.capacity + 8)
        (expected + index).initialize(to: JSONExpectedKey(bytes: bytes))
      }
      (shapes + slot).initialize(
        to: JSONShape(
          names: stored, nameCount: names.count, expected: expected,
          expectedCount: expectedCount))
    }
  }

  deinit {
    for slot in 0..<count {
      let shape = shapes[slot]
      for index in 0..<shape.nameCount { shape.names[index].bytes.deallocate() }
      shape.names.deallocate()
      for index in 0..<shape.expectedCount { shape.expected[index].bytes.deallocate() }
      shape.expected.deallocate()
    }
    shapes.deallocate()
  }

  private static func name(_ name: String, slot: Int) -> JSONName {
    let utf8 = Array(name.utf8)
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: utf8.count + 8)
    bytes.initialize(repeating: 0, count: utf8.count + 8)
    bytes.update(from: utf8, count: utf8.count)
    return JSONName(bytes: bytes, count: utf8.count, slot: slot)
  }
}

/// Whether `count` bytes are equal. Up to 7 bytes behind either may be read.
@inline(__always)
func equalBytes(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  let (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
  var at = 0
  while count &- at > 8 {
    if x.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      != y.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    {
      return false
    }
    at &+= 8
  }
  let difference =
    x.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    ^ y.loadUnaligned(fromByteOffset: at, as: UInt64.self)
  let rest = UInt64(truncatingIfNeeded: count &- at)
  return rest == 0 || difference << (64 &- rest &* 8) == 0
}
