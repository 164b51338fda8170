import Columns

/// Decimals as Java's BigDecimal prints them: plainly, but `1.0E-7` below a millionth.
public enum JavaDecimal {
  /// Appends the unscaled digits at their scale.
  public static func append(_ unscaled: Int128, scale: Int, to bytes: inout [UInt8]) {
    // The exponent that scientific notation would have.
    var digits: [UInt8] = []
    DecimalText.append(Int128(clamping: unscaled.magnitude), scale: 0, to: &digits)
    let exponent = digits.count - 1 - scale
    if scale == 0 || exponent >= -6 {
      return DecimalText.append(unscaled, scale: scale, to: &bytes)
    }
    if unscaled < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(digits[0])
    if digits.count > 1 {
      bytes.append(UInt8(ascii: "."))
      bytes += digits[1...]
    }
    bytes += Array("E\(exponent)".utf8)
  }
}
