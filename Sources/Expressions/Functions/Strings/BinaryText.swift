import CSystem
import Columns
import Contract

private func toBinary(_ name: String, isTry: Bool, _ examples: [Example]) -> FunctionSpec {
  .scalar(
    name, category: "strings",
    summary: "The bytes that a text spells\(isTry ? "; NULL where it is malformed" : "").",
    [
      .column("text", .string, "the text"),
      .value(
        "format", .string, default: "'hex'", filler: (.text("hex"), .string),
        "'hex', 'utf-8', 'utf8' or 'base64'"),
    ], returns: "BINARY", examples: examples
  ) { call in
    let format = try call.constant(1).text?.lowercased()
    guard let format else { return .literal(.null, .binary, origin: call.origin) }
    guard ["hex", "utf-8", "utf8", "base64"].contains(format) else {
      if isTry { return .literal(.null, .binary, origin: call.origin) }
      throw Failure(
        "DATATYPE_MISMATCH.INVALID_ARG_VALUE",
        "the format of `\(name)` must be 'hex', 'utf-8', 'utf8' or 'base64', not '\(format)'",
        origin: call.origin)
    }
    let nullable: Nullability = isTry ? .always : .ofArguments
    return call.with([call[0]]).result(.binary, nullable: nullable, canFail: !isTry) {
      columns, _ in
      try mappedText(columns[0], to: .binary) { (text: Bytes, out) in
        let isGood =
          switch format {
          case "hex": Hexadecimal.appendDecoded(text, to: &out.bytes)
          case "base64":
            Base64.isStrict(text) && Base64.appendDecoded(text, to: &out.bytes)
          default: appended(text, &out)
          }
        if isGood { return }
        guard isTry else {
          throw Failure(
            "CONVERSION_INVALID_INPUT",
            "the text '\(String(decoding: text, as: UTF8.self))' is not in the format "
              + "\(format.uppercased())", hint: "Use `try_to_binary` to get NULL instead.")
        }
        out.isNull = true
      }
    }
  }
}

private func appended(_ text: Bytes, _ out: inout TextWriter) -> Bool {
  out.append(text)
  return true
}

private func validated(_ name: String, isTry: Bool, _ examples: [Example]) -> FunctionSpec {
  stringFunction(
    name, "The text, where its bytes are well-formed UTF-8\(isTry ? "; else NULL" : "").",
    [.column("text", .string, "the text")],
    nullable: isTry ? .always : .ofArguments, canFail: !isTry, examples
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      if UTF8Text.isValid(text.octets) { return out.append(text) }
      guard isTry else {
        throw Failure(
          "INVALID_UTF8_STRING", "the bytes of a text given to `\(name)` are no UTF-8",
          hint: "Use `try_validate_utf8` to get NULL instead.")
      }
      out.isNull = true
    }
  }
}

/// HMAC's two keys are as long as the blocks of the digest.
private let blockLengths: [String: (kind: Int32, block: Int)] = [
  "MD5": (5, 64), "SHA-1": (1, 64), "SHA-224": (224, 64), "SHA-256": (256, 64),
  "SHA-384": (384, 128), "SHA-512": (512, 128),
]

private func digest(_ kind: Int32, _ bytes: [UInt8]) -> [UInt8] {
  var out = [UInt8](repeating: 0, count: 64)
  let count = bytes.withUnsafeBytes { source in
    out.withUnsafeMutableBufferPointer { out -> Int in
      guard let base = out.baseAddress else { return 0 }
      return Int(moontide_digest(kind, source.baseAddress, source.count, base))
    }
  }
  return Array(out[..<count])
}

private func hmac(_ key: Bytes, _ message: Bytes, _ kind: Int32, block: Int) -> [UInt8] {
  var key = Array(key)
  if key.count > block { key = digest(kind, key) }
  key += [UInt8](repeating: 0, count: block - key.count)
  let inner = digest(kind, key.map { $0 ^ 0x36 } + Array(message))
  return digest(kind, key.map { $0 ^ 0x5C } + inner)
}

/// Bytes as text and back: hexadecimal, base 32 and 64; keyed digests; quoting.
let binaryTextFunctions: [FunctionSpec] = [
  toBinary(
    "to_binary", isTry: false,
    [
      Example("string(to_binary('abc', 'utf-8'))", "abc"),
      Example("hex(to_binary('0afF'))", "0AFF"),
      Example("hex(to_binary('abc'))", "0ABC"), Example("string(to_binary('w6k=', 'base64'))", "é"),
      Example("to_binary('xy')", "error CONVERSION_INVALID_INPUT"),
      Example("to_binary('a?', 'base64')", "error CONVERSION_INVALID_INPUT"),
      Example("to_binary('a', 'utf-9')", "error DATATYPE_MISMATCH.INVALID_ARG_VALUE"),
      Example("hex(to_binary(''))", ""),
      Example("to_binary('a', NULL)", "NULL"), Example("to_binary(NULL)", "NULL"),
    ]),
  toBinary(
    "try_to_binary", isTry: true,
    [
      Example("string(try_to_binary('abc', 'utf8'))", "abc"),
      Example("try_to_binary('xy')", "NULL"),
      Example("try_to_binary('a', 'base64')", "NULL"),
      Example("try_to_binary('a', 'utf-9')", "NULL"),
      Example("try_to_binary(NULL)", "NULL"),
      Example("hex(try_to_binary('', 'hex'))", ""),
      Example("hex(try_to_binary('é', 'utf-8'))", "C3A9"),
    ]),
  stringFunction(
    "to_base32", "The bytes in base 32.",
    [.column("value", .exactly(.stringOrBinary), "the bytes")],
    [
      Example("to_base32('foobar')", "MZXW6YTBOI======"), Example("to_base32('é')", "YOUQ===="),
      Example("to_base32('')", ""), Example("to_base32(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (bytes: Bytes, out) in Base32.append(bytes, to: &out.bytes) }
  },
  stringFunction(
    "from_base32", "The bytes of a text in base 32.",
    [.column("text", .string, "the text")], returns: .binary,
    [
      Example("string(from_base32('MZXW6YTBOI======'))", "foobar"),
      Example("string(from_base32('MZXW6YTBOI'))", "foobar"),
      Example("from_base32('mzxw6===')", "foo"),
      Example("from_base32('1')", ""), Example("string(from_base32(''))", ""),
      Example("from_base32(NULL)", "NULL"),
      Example("hex(from_base32('é=A'))", ""),
    ]
  ) { columns, _ in
    try mappedText(columns[0], to: .binary) { (text: Bytes, out) in
      Base32.appendDecoded(text, to: &out.bytes)
    }
  },
  stringFunction(
    "hmac", "The keyed digest of a message.",
    [
      .column("key", .exactly(.stringOrBinary), "the key"),
      .column("message", .exactly(.stringOrBinary), "the message"),
      .value(
        "algorithm", .string, default: "'SHA-256'",
        filler: (.text("SHA-256"), .string), "MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512"),
    ], returns: .binary, canFail: true,
    [
      Example(
        "hex(hmac('key', 'message'))",
        "6E9EF29B75FFFC5B7ABAE527D58FDADB2FE42E7219011976917343065F58ED4A"),
      Example("hex(hmac('key', 'é', 'MD5'))", "9496F9C0CD49FC9E45DB2E84A6EEC8EE"),
      Example("hex(hmac('key', 'message', 'sha-1'))", "2088DF74D5F2146B48146CAF4965377E9D0BE3A4"),
      Example("crc32(hmac(repeat('k', 200), '', 'SHA-512'))", "3058657744"),
      Example("hmac('key', 'message', 'SHA-3')", "error INVALID_PARAMETER_VALUE.HMAC_ALGORITHM"),
      Example("hmac('', 'message')", "error INVALID_PARAMETER_VALUE.HMAC_CRYPTO_ERROR"),
      Example("hmac('key', NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0], columns[1], columns[2], to: .binary) {
      (key: Bytes, message: Bytes, name: Bytes, out) in
      let name = String(decoding: name, as: UTF8.self)
      guard let (kind, block) = blockLengths[name.uppercased()] else {
        throw Failure(
          "INVALID_PARAMETER_VALUE.HMAC_ALGORITHM", "`hmac` knows no algorithm `\(name)`",
          hint: "There are MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512.")
      }
      if key.isEmpty {
        throw Failure("INVALID_PARAMETER_VALUE.HMAC_CRYPTO_ERROR", "the key of `hmac` is empty")
      }
      out.bytes += hmac(key, message, kind, block: block)
    }
  },
  .scalar(
    "collation", category: "strings", summary: "The collation of a string: there is one.",
    [.column("text", .exactly(.string), "the string")], returns: "STRING",
    examples: [
      Example("collation('é')", "SYSTEM.BUILTIN.UTF8_BINARY"),
      Example("collation('')", "SYSTEM.BUILTIN.UTF8_BINARY"),
      Example("collation(1)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("collation(NULL)", "SYSTEM.BUILTIN.UTF8_BINARY"),
    ]
  ) { call in
    call.result(.string, nullable: .never) { columns, _ in
      let text = VectorBuilder(.string, capacity: 1)
      text.append(text: "SYSTEM.BUILTIN.UTF8_BINARY")
      return text.finish().gathered(
        Selection(Array(repeating: 0, count: columns[0].count)))
    }
  },
  .scalar(
    "collate", category: "strings", summary: "The string with a collation named for it.",
    [
      .column("text", .exactly(.string), "the string"),
      .value("collation", .exactly(.string), "UTF8_BINARY, a constant"),
    ], returns: "STRING",
    examples: [
      Example("collate('é', 'UTF8_BINARY')", "é"), Example("collate('', 'utf8_binary')", ""),
      Example("collate(CAST(NULL AS STRING), 'UTF8_BINARY')", "NULL"),
    ], notes: "Strings are compared by their bytes alone: there is no other collation."
  ) { call in
    let name = try call.constant(1).text ?? ""
    let bare = name.uppercased().split(separator: ".").last.map(String.init) ?? ""
    guard bare == "UTF8_BINARY" else {
      throw Failure(
        "UNSUPPORTED_FEATURE.FUNCTION",
        "strings are compared byte by byte; the collation \(name) is not supported",
        hint: "Compare `lower(…)` of the strings instead.", origin: call.origin)
    }
    return call.with([call[0]]).result(.string) { columns, _ in columns[0] }
  },
  stringFunction(
    "quote", "The text in single quotes, with a backslash before each one in it.",
    [.column("text", .string, "the text")],
    [
      Example(#"quote("Don't")"#, "'Don\\'t'"), Example("quote('é')", "'é'"),
      Example("quote('')", "''"),
      Example("quote(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      out.append(UInt8(ascii: "'"))
      for byte in text {
        if byte == UInt8(ascii: "'") { out.append(UInt8(ascii: "\\")) }
        out.append(byte)
      }
      out.append(UInt8(ascii: "'"))
    }
  },
  validated(
    "validate_utf8", isTry: false,
    [
      Example("validate_utf8('é')", "é"),
      Example("validate_utf8(X'80')", "error INVALID_UTF8_STRING"),
      Example("validate_utf8(NULL)", "NULL"),
      Example("validate_utf8('')", ""),
    ]),
  validated(
    "try_validate_utf8", isTry: true,
    [
      Example("try_validate_utf8('é')", "é"), Example("try_validate_utf8(X'61C262')", "NULL"),
      Example("try_validate_utf8(NULL)", "NULL"),
      Example("try_validate_utf8('')", ""),
    ]),
]
