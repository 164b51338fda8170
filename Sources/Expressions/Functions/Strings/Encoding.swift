import CSystem
import Columns
import Contract

private let bytesParameter = FunctionParameter.column(
  "value", .exactly(.stringOrBinary), "the bytes")

private func digest(
  _ name: String, aliases: [String] = [], _ kind: Int32, _ summary: String, _ examples: [Example]
)
  -> FunctionSpec
{
  stringFunction(name, aliases: aliases, summary, [bytesParameter], examples) { columns, _ in
    try mappedText(columns[0]) { (bytes: Bytes, out) in appendDigest(kind, bytes, &out) }
  }
}

private let hexDigits = Array("0123456789ABCDEF".utf8)

private func appendDigest(_ kind: Int32, _ bytes: Bytes, _ out: inout TextWriter) {
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digest in
    guard let base = digest.baseAddress else { return }
    let count = Int(moontide_digest(kind, bytes.baseAddress, bytes.count, base))
    for index in 0..<count {
      out.append(hexDigits[Int(digest[index] >> 4)] | 0x20)
      out.append(hexDigits[Int(digest[index] & 15)] | 0x20)
    }
  }
}

/// Base 64 and hexadecimal, URLs, digests, character sets.
let encodingFunctions: [FunctionSpec] = [
  stringFunction(
    "base64", "The bytes in base 64.", [.column("value", .binary, "the bytes")],
    [
      Example("base64('Spark SQL')", "U3BhcmsgU1FM"), Example("base64('é')", "w6k="),
      Example("base64('')", ""),
      Example("length(base64(repeat('x', 100)))", "138"), Example("base64(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (bytes: Bytes, out) in Base64.append(bytes, to: &out.bytes) }
  },
  stringFunction(
    "unbase64", "The bytes of a text in base 64.", [textParameter], returns: .binary, canFail: true,
    [
      Example("string(unbase64('U3BhcmsgU1FM'))", "Spark SQL"),
      Example("string(unbase64('U3Bh\ncmsgU1FM'))", "Spark SQL"),
      Example("string(unbase64('abc'))", "i�"), Example("unbase64(NULL)", "NULL"),
      Example("hex(unbase64(''))", ""),
    ]
  ) { columns, _ in
    try mappedText(columns[0], to: .binary) { (text: Bytes, out) in
      if !Base64.appendDecoded(text, to: &out.bytes) {
        throw Failure(
          "CONVERSION_INVALID_INPUT", "a text given to `unbase64` is not in base 64")
      }
    }
  },
  .scalar(
    "hex", category: "strings", summary: "A number or bytes in hexadecimal capital letters.",
    [.column("value", .oneOf([.long, .binary, .string]), "the number or bytes")], returns: "STRING",
    examples: [
      Example("hex(17)", "11"), Example("hex(-1)", "FFFFFFFFFFFFFFFF"), Example("hex(0)", "0"),
      Example("hex('Spark é')", "537061726B20C3A9"),
      Example("hex(X'0AFF')", "0AFF"), Example("hex(NULL)", "NULL"),
      Example("hex('')", ""),
    ]
  ) { call in
    let isNumber = call.types[0] == .long
    return call.result(.string) { columns, _ in
      if isNumber {
        return try mappedText(columns[0]) { (value: Int64, out) in
          out.append(String(UInt64(bitPattern: value), radix: 16, uppercase: true))
        }
      }
      return try mappedText(columns[0]) { (bytes: Bytes, out) in
        for byte in bytes {
          out.append(hexDigits[Int(byte >> 4)])
          out.append(hexDigits[Int(byte & 15)])
        }
      }
    }
  },
  stringFunction(
    "unhex", "The bytes of a text in hexadecimal; NULL when it is malformed.", [textParameter],
    returns: .binary, nullable: .always,
    [
      Example("string(unhex('537061726B2053514C'))", "Spark SQL"),
      Example("string(-1.5e-7d)", "-1.5E-7"),
      Example("string(9223372036854775807)", "9223372036854775807"),
      Example("string('é')", "é"),
      Example("hex(unhex('F0a'))", "0F0A"),
      Example("unhex('xy')", "NULL"), Example("unhex(NULL)", "NULL"),
      Example("hex(unhex(''))", ""),
      Example("unhex('é')", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0], to: .binary) { (text: Bytes, out) in
      out.isNull = !Hexadecimal.appendDecoded(text, to: &out.bytes)
    }
  },
  digest(
    "md5", 5, "The MD5 digest in hexadecimal.",
    [
      Example("md5(1)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("md5('Spark')", "8cde774d6f7333752ed72cacddb05126"),
      Example("md5('')", "d41d8cd98f00b204e9800998ecf8427e"),
      Example("md5(repeat('a', 70))", "0f5c6c4e740bfcc08c3c26ccb2673d46"),
      Example("md5(NULL)", "NULL"),
      Example("md5('é')", "66ddcd97cfdeabb2f6fb8a999b4bc76f"),
    ]),
  digest(
    "sha1", aliases: ["sha"], 1, "The SHA-1 digest in hexadecimal.",
    [
      Example("sha1('Spark')", "85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c"),
      Example("sha1(repeat('a', 60))", "13d956033d9af449bfe2c4ef78c17c20469c4bf1"),
      Example("sha1(NULL)", "NULL"),
      Example("sha1('')", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
      Example("sha1('é')", "bf15be717ac1b080b4f1c456692825891ff5073d"),
    ]),
  stringFunction(
    "sha2", "The SHA-2 digest of 224, 256, 384 or 512 bits in hexadecimal.",
    [bytesParameter, .value("bits", .int, "how many bits; 0 is 256")], nullable: .always,
    [
      Example(
        "sha2('Spark', 256)", "529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b"),
      Example(
        "sha2('Spark', 0)", "529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b"),
      Example("sha2('Spark', 224)", "dbeab94971678d36af2195851c0f7485775a2a7c60073d62fc04549c"),
      Example("crc32(sha2('Spark', 384))", "1197230644"),
      Example("md5(sha2(repeat('é', 100), 512))", "e29fe2a03d810d4bf863235bdbdf11eb"),
      Example("sha2('Spark', 1)", "NULL"),
      Example("sha2(NULL, 256)", "NULL"),
      Example("sha2('', 0)", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      Example("sha2('é', -1)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0], columns[1]) { (bytes: Bytes, bits: Int32, out) in
      switch bits {
      case 224, 256, 384, 512: appendDigest(bits, bytes, &out)
      case 0: appendDigest(256, bytes, &out)
      default: out.isNull = true
      }
    }
  },
  stringFunction(
    "crc32", "The CRC-32 checksum.", [bytesParameter], returns: .long,
    [
      Example("crc32('Spark')", "1557323817"), Example("crc32('')", "0"),
      Example("crc32(NULL)", "NULL"),
      Example("crc32('é')", "235179326"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .long) { (bytes: Bytes) in
      Int64(moontide_crc32(bytes.baseAddress, bytes.count))
    }
  },
  stringFunction(
    "url_encode", "The text in the `application/x-www-form-urlencoded` form.", [textParameter],
    [
      Example(
        "url_encode('https://spark.apache.org/é x*-_.~')",
        "https%3A%2F%2Fspark.apache.org%2F%C3%A9+x*-_.%7E"), Example("url_encode(NULL)", "NULL"),
      Example("url_encode('')", ""),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      var bytes: [UInt8] = []
      try CharacterSet.utf8.encode(text, to: &bytes)
      for byte in bytes {
        switch byte {
        case 48...57, 65...90, 97...122, 0x2A, 0x2D, 0x2E, 0x5F: out.append(byte)
        case 0x20: out.append(0x2B)
        default:
          out.append(0x25)
          out.append(hexDigits[Int(byte >> 4)])
          out.append(hexDigits[Int(byte & 15)])
        }
      }
    }
  },
  urlDecode(
    "url_decode", isTry: false,
    [
      Example("url_decode('https%3A%2F%2Fspark.apache.org+x')", "https://spark.apache.org x"),
      Example("url_decode('%zz')", "error CANNOT_DECODE_URL"), Example("url_decode(NULL)", "NULL"),
      Example("url_decode('')", ""),
      Example("url_decode('%C3%A9+é')", "é é"),
    ]),
  urlDecode(
    "try_url_decode", isTry: true,
    [
      Example("try_url_decode('a%20b')", "a b"), Example("try_url_decode('%zz')", "NULL"),
      Example("try_url_decode('')", ""),
      Example("try_url_decode('%C3%A9+é')", "é é"),
    ]),
  stringFunction(
    "encode", "The text as bytes of a character set.",
    [
      textParameter,
      .value(
        "charset", .string, "UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE or UTF-32"),
    ],
    returns: .binary, canFail: true,
    [
      Example("hex(encode('aé', 'utf-8'))", "61C3A9"),
      Example("hex(encode('aé', 'UTF-16BE'))", "006100E9"),
      Example("hex(encode('a😀', 'UTF-16'))", "FEFF0061D83DDE00"),
      Example("hex(encode('aé', 'ISO-8859-1'))", "61E9"),
      Example("encode('aé', 'US-ASCII')", "error MALFORMED_CHARACTER_CODING"),
      Example("encode('a', 'KOI')", "error INVALID_PARAMETER_VALUE.CHARSET"),
      Example("encode(NULL, 'utf-8')", "NULL"),
      Example("hex(encode('', 'UTF-16'))", ""),
    ]
  ) { columns, _ in
    try mappedText(columns[0], columns[1], to: .binary) { (text: Bytes, name: Bytes, out) in
      try CharacterSet(name, function: "encode").encode(text, to: &out.bytes)
    }
  },
  stringFunction(
    "is_valid_utf8", "Whether the bytes are well-formed UTF-8.", [textParameter], returns: .boolean,
    [
      Example("is_valid_utf8('é')", "true"), Example("is_valid_utf8(X'80')", "false"),
      Example("is_valid_utf8(NULL)", "NULL"),
      Example("is_valid_utf8('')", "true"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .boolean) { (text: Bytes) in UTF8Text.isValid(text.octets) }
  },
  stringFunction(
    "make_valid_utf8", "The text with U+FFFD in place of bytes that are no UTF-8.",
    [textParameter],
    [
      Example("make_valid_utf8('é')", "é"),
      Example("hex(make_valid_utf8(X'61C262'))", "61EFBFBD62"),
      Example("make_valid_utf8(NULL)", "NULL"),
      Example("make_valid_utf8('')", ""),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      if UTF8Text.isValid(text.octets) {
        out.append(text)
      } else {
        out.append(String(decoding: text, as: UTF8.self))
      }
    }
  },
  .scalar(
    "decode", category: "strings",
    summary:
      "Bytes as text; with more arguments, the result behind the first search value that is equal.",
    [
      .column("value", .any, "the bytes, or what is looked for"),
      .value("charset", .any, "the character set, or the first search value"),
      .value("others", .any, default: "", "results and search values in turn, and a default"),
    ], isVariadic: true, returns: "STRING, or the type of the results",
    examples: [
      Example("decode(6, 1, timestamp'2024-01-01', 2, 'x')", "NULL"),
      Example("decode(encode('aé', 'utf-8'), 'utf-8')", "aé"),
      Example("decode(X'D83DDE00', 'UTF-16BE')", "😀"),
      Example("decode(X'FF', 'US-ASCII')", "error MALFORMED_CHARACTER_CODING"),
      Example("decode(2, 1, 'Southlake', 2, 'San Francisco', 'Non domestic')", "San Francisco"),
      Example("decode(NULL, 6, 'Spark', NULL, 'SQL')", "SQL"), Example("decode(7, 1, 'a')", "NULL"),
      Example("decode(NULL, 'utf-8')", "NULL"),
      Example("decode(X'', 'UTF-16')", ""),
    ], bind: decodeCall),
]

private func urlDecode(_ name: String, isTry: Bool, _ examples: [Example]) -> FunctionSpec {
  stringFunction(
    name, "The text of its `application/x-www-form-urlencoded` form.", [textParameter],
    nullable: isTry ? .always : .ofArguments, canFail: !isTry, examples
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      var at = 0
      while at < text.count {
        let byte = text[at]
        at += 1
        if byte == 0x2B {
          out.append(0x20)
        } else if byte != 0x25 {
          out.append(byte)
        } else if at + 1 < text.count, let high = Hexadecimal.value(text[at]),
          let low = Hexadecimal.value(text[at + 1])
        {
          out.append(high << 4 | low)
          at += 2
        } else if isTry {
          out.isNull = true
          return
        } else {
          throw Failure(
            "CANNOT_DECODE_URL", "`\(String(decoding: text, as: UTF8.self))` is no encoded URL",
            hint: "Use `try_url_decode` to get NULL instead.")
        }
      }
    }
  }
}

@Sendable private func decodeCall(_ call: FunctionCall) throws -> Expression {
  if call.arguments.count == 2 {
    guard let type = ImplicitCast.type(for: .binary, from: call.types[0]) else {
      throw call.unexpectedType(0, expected: "\"BINARY\"")
    }
    let name = call[1].implicitlyCast(to: .string)
    let cast = call.with([call[0].implicitlyCast(to: type), name])
    return cast.result(.string, canFail: true) { columns, _ in
      try mappedText(columns[0], columns[1]) { (bytes: Bytes, name: Bytes, out) in
        try CharacterSet(name, function: "decode").decode(bytes, to: &out.bytes)
      }
    }
  }
  // decode(expression, search, result, …, default): the first search value that equals it, or is
  // NULL as it is.
  var branches: [Expression] = []
  var rest = call.arguments.dropFirst()
  // What is given for no match is a STRING where nothing is said.
  if rest.count.isMultiple(of: 2) { rest.append(.literal(.null, .string, origin: call.origin)) }
  while let search = rest.popFirst() {
    guard let result = rest.popFirst() else {
      branches.append(search)
      break
    }
    let pair = try comparable(call.with([call[0], search]), "=", needsOrder: true)
    branches.append(
      pair.result(.boolean, nullable: .never) { columns, _ in
        comparedNullSafe(columns[0], columns[1])
      })
    branches.append(result)
  }
  return try caseWhen(call.with(branches), .call)
}
