import Testing

@testable import Columns

@Suite struct TextUTF8Tests {
  private func mapped(
    _ text: String, _ map: (UnsafeBufferPointer<UInt8>, inout [UInt8]) -> Void
  ) -> String {
    withBytes(text) { bytes in appended { map(bytes, &$0) } }
  }

  @Test func letterCaseAsSpark() {
    for record in Record.lines(TextRecorded.upper) {
      #expect(mapped(record.input, LetterCase.appendUpper) == record.answer, "\(record.input)")
    }
    for record in Record.lines(TextRecorded.lower) {
      #expect(mapped(record.input, LetterCase.appendLower) == record.answer, "\(record.input)")
    }
    for record in Record.lines(TextRecorded.initcap) {
      #expect(mapped(record.input, LetterCase.appendTitle) == record.answer, "\(record.input)")
    }
  }

  @Test func characters() {
    for record in Record.lines(TextRecorded.charlen) {
      let text = record.input
      let fields = withBytes(text) { bytes in
        func part(_ position: Int, _ length: Int) -> String {
          let range = UTF8Text.substringRange(bytes, position: position, length: length)
          return String(decoding: bytes[range], as: UTF8.self)
        }
        return [
          "\(UTF8Text.characterCount(bytes))", "\(bytes.count)", part(2, 1), part(-2, 2),
          part(0, 2), String(String.UnicodeScalarView(text.unicodeScalars.reversed())),
        ]
      }
      #expect(fields.joined(separator: "|") == record.answer, "\(text)")
    }
  }

  @Test(
    arguments: [
      ([0x61, 0xC3, 0xA9], true), ([0xC0, 0x80], false), ([0xED, 0xA0, 0x80], false),
      ([0xF0, 0x9F, 0x98, 0x80], true), ([0xF4, 0x90, 0x80, 0x80], false), ([0xE2, 0x82], false),
      ([0x80], false), ([], true), ([0xE0, 0x9F, 0xBF], false), ([0xF8, 0x88, 0x80, 0x80], false),
    ] as [([UInt8], Bool)])
  func validity(_ bytes: [UInt8], _ isValid: Bool) {
    #expect(bytes.withUnsafeBufferPointer { UTF8Text.isValid($0) } == isValid)
  }

  @Test func widths() {
    func width(_ text: String) -> Int { withBytes(text) { UTF8Text.displayWidth($0) } }
    #expect(width("abc") == 3)
    #expect(width("日本語") == 6)
    #expect(width("é") == 1)
    #expect(width("ｱ") == 1)
    #expect(width("Ａ") == 2)
    #expect(width("😀") == 2)
  }

  @Test func substringsBeyondTheEnds() {
    func part(_ text: String, _ position: Int, _ length: Int) -> String {
      withBytes(text) { bytes in
        let range = UTF8Text.substringRange(bytes, position: position, length: length)
        return String(decoding: bytes[range], as: UTF8.self)
      }
    }
    #expect(part("Spark", 5, 10) == "k")
    #expect(part("Spark", -7, 3) == "S")
    #expect(part("Spark", 6, 1) == "")
    #expect(part("Spark", 2, Int.max) == "park")
    #expect(part("Spark", 2, -1) == "")
  }

  @Test func jsonStrings() {
    func json(_ text: String) -> String { mapped(text, JSONText.appendString) }
    #expect(json("plain") == "\"plain\"")
    #expect(json("a\"b\\c\n\t\u{8}\u{c}\r\u{1}/é😀") == #""a\"b\\c\n\t\b\f\r\u0001/é😀""#)
    #expect(
      json(String(repeating: "x", count: 100) + "\u{1f}") == "\""
        + String(repeating: "x", count: 100) + "\\u001F\"")
    let broken: [UInt8] = [0x61, 0xFF, 0x62]
    let text = broken.withUnsafeBufferPointer { bytes in
      appended { JSONText.appendString(bytes, to: &$0) }
    }
    #expect(text == "\"a\u{FFFD}b\"")
  }
}
