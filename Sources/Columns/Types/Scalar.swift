/// One value outside a column: a literal of a plan, a cell of a row that was collected. Never on
/// the
/// data path. Its type is known beside it.
public indirect enum Scalar: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// Every integer type, DATE, TIMESTAMP and the intervals, in the type's own unit.
  case integer(Int64)
  /// FLOAT and DOUBLE.
  case double(Double)
  /// The unscaled digits; the scale is the type's. Of INTERVAL the `bits`.
  case decimal(Int128)
  /// STRING and BINARY.
  case bytes([UInt8])
  case array([Scalar])
  case map([Entry])
  case structure([Scalar])

  /// One entry of a map.
  public struct Entry: Hashable, Sendable {
    public let key: Scalar
    public let value: Scalar

    public init(_ key: Scalar, _ value: Scalar) {
      self.key = key
      self.value = value
    }
  }

  /// A STRING value.
  public static func text(_ text: String) -> Scalar { .bytes(Array(text.utf8)) }

  public var isNull: Bool { self == .null }

  /// The bytes of a STRING or BINARY value as text; malformed UTF-8 is repaired.
  public var text: String? {
    if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }
}
