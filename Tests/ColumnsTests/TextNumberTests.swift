import Testing

@testable import Columns

@Suite struct TextNumberTests {
  private func check<T: CustomStringConvertible>(
    _ table: String, _ read: (UnsafeBufferPointer<UInt8>) -> T?
  ) {
    for record in Record.lines(table) {
      #expect(withBytes(record.input, read)?.description == record.answer, "\(record.input)")
    }
  }

  @Test func integers() {
    check(TextRecorded.intTinyint) { IntegerText.readInt8($0) }
    check(TextRecorded.intSmallint) { IntegerText.readInt16($0) }
    check(TextRecorded.intInt) { IntegerText.readInt32($0) }
    check(TextRecorded.intBigint) { IntegerText.readInt64($0) }
  }

  @Test func printsIntegers() {
    for value in [0, 7, 10, 99, 100, 12345, -1, -90, Int64.max, Int64.min, 1_000_000_007] {
      #expect(appended { Digits.append(value, to: &$0) } == "\(value)")
    }
  }

  @Test func readsFloatingPoint() {
    check(TextRecorded.doubleRead) { bytes in
      FloatingPointText.readDouble(bytes).map { value in
        appended { FloatingPointText.append(value, to: &$0) }
      }
    }
    check(TextRecorded.floatRead) { bytes in
      FloatingPointText.readFloat(bytes).map { value in
        appended { FloatingPointText.append(value, to: &$0) }
      }
    }
  }

  @Test func printsFloatingPoint() throws {
    for record in Record.lines(TextRecorded.doublePrint) {
      let value = try #require(Double(record.input))
      #expect(appended { FloatingPointText.append(value, to: &$0) } == record.answer)
    }
    for record in Record.lines(TextRecorded.floatPrint) {
      let value = Float(try #require(Double(record.input)))
      #expect(appended { FloatingPointText.append(value, to: &$0) } == record.answer)
    }
  }

  @Test func decimals() throws {
    for record in Record.lines(TextRecorded.decimalRead) {
      let parts = record.input.split(
        separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
      let precision = try #require(Int(parts[0]))
      let scale = try #require(Int(parts[1]))
      var answer: String?
      if case .value(let value) = withBytes(
        String(parts[2]), { DecimalText.read($0, precision: precision, scale: scale) })
      {
        answer = appended { DecimalText.append(value, scale: scale, to: &$0) }
      }
      #expect(answer == record.answer, "\(record.input)")
    }
  }

  private func decimal(_ text: String, _ precision: Int, _ scale: Int) -> Int128 {
    guard
      case .value(let value) = withBytes(
        text, { DecimalText.read($0, precision: precision, scale: scale) })
    else { return -999 }
    return value
  }

  private func text(_ value: Int128?, _ scale: Int) -> String? {
    value.map { value in appended { DecimalText.append(value, scale: scale, to: &$0) } }
  }

  @Test func arithmeticAsSpark() {
    let a = decimal("12345678901234567890.123456789012345678", 38, 18)
    let b = decimal("1.000000000000000001", 38, 18)
    #expect(
      text(Decimals.multiply(a, scale: 18, b, scale: 18, precision: 38, scale: 6), 6)
        == "12345678901234567902.469136")
    #expect(
      text(Decimals.divide(1, scale: 0, 3, scale: 0, precision: 38, scale: 6), 6) == "0.333333")
    let one = decimal("1", 38, 18)
    let three = decimal("3", 38, 18)
    #expect(
      text(Decimals.divide(one, scale: 18, three, scale: 18, precision: 38, scale: 6), 6)
        == "0.333333")
    let nines = Decimals.powersOfTen[38] - 1
    #expect(Decimals.add(nines, scale: 0, 1, scale: 0, precision: 38, scale: 0) == nil)
    #expect(Decimals.multiply(nines, scale: 0, 10, scale: 0, precision: 38, scale: 0) == nil)
    #expect(Decimals.multiply(1, scale: 6, 1, scale: 6, precision: 38, scale: 6) == 0)
    #expect(Decimals.remainder(-75, scale: 1, 2, scale: 0, precision: 3, scale: 1) == -15)
    #expect(Decimals.integralQuotient(3_000_000_000, scale: 0, 7, scale: 0) == 428_571_428)
    // A sum whose operand is beyond 128 bits at the common scale, and a quotient that loses digits.
    #expect(
      Decimals.add(nines, scale: 0, -1, scale: 18, precision: 38, scale: 0) == nines)
    #expect(Decimals.divide(15, scale: 1, 1, scale: 0, precision: 38, scale: 0) == 2)
    #expect(Decimals.divide(-149, scale: 2, 1, scale: 0, precision: 38, scale: 0) == -1)
    #expect(Decimals.rescale(-125, from: 3, to: 2, precision: 10) == -13)
  }

  @Test func decimalsAndDoubles() {
    #expect(DecimalText.read(1.005, precision: 10, scale: 2) == .value(101))
    #expect(DecimalText.read(Double.nan, precision: 10, scale: 2) == .outOfRange)
    #expect(DecimalText.double(1_234_567_890_123_456_789_012, scale: 2) == 1.2345678901234567e19)
    #expect(DecimalText.double(1, scale: 1) == 0.1)
  }
}
