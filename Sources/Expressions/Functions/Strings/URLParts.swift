import Columns
import Contract

/// A URL cut into its parts, as Java's `URI` cuts it. nil: it is no URL.
private struct URLParts {
  var scheme, authority, host, path, query, fragment, userInformation: Substring?

  init?(_ text: String) {
    if text.utf8.contains(where: {
      $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">")
        || $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}")
    }) {
      return nil
    }
    if !Self.hasWholeEscapes(text) { return nil }
    var rest = text[...]
    if let hash = rest.firstIndex(of: "#") {
      fragment = rest[rest.index(after: hash)...]
      rest = rest[..<hash]
    }
    if let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("/"), colon > rest.startIndex
    {
      scheme = rest[..<colon]
      rest = rest[rest.index(after: colon)...]
      // `mailto:a@b` has no hierarchy.
      if !rest.hasPrefix("/") { return }
    }
    if let mark = rest.firstIndex(of: "?") {
      query = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    if rest.hasPrefix("//") {
      rest = rest.dropFirst(2)
      let end = rest.firstIndex(of: "/") ?? rest.endIndex
      let whole = rest[..<end]
      rest = rest[end...]
      if !whole.isEmpty { authority = whole }
      var server = whole
      if let at = server.lastIndex(of: "@") {
        userInformation = server[..<at]
        server = server[server.index(after: at)...]
      }
      if let colon = server.lastIndex(of: ":"), !server[colon...].contains("]") {
        server = server[..<colon]
      }
      if !server.isEmpty { host = server }
    }
    path = rest
  }

  /// Two hexadecimal digits stand behind every percent sign.
  private static func hasWholeEscapes(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.indices.allSatisfy { at in
      bytes[at] != UInt8(ascii: "%")
        || (at + 2 < bytes.count && Hexadecimal.value(bytes[at + 1]) != nil
          && Hexadecimal.value(bytes[at + 2]) != nil)
    }
  }

  func part(_ name: String) -> Substring? {
    switch name {
    case "HOST": host
    case "PATH": path
    case "QUERY": query
    case "REF": fragment
    case "PROTOCOL": scheme
    case "FILE": path.map { path in query.map { path + "?" + $0 } ?? path }
    case "AUTHORITY": authority
    case "USERINFO": userInformation
    default: nil
    }
  }

  func parameter(_ key: String) -> Substring? {
    for pair in query?.split(separator: "&") ?? [] where pair.hasPrefix(key + "=") {
      return pair.dropFirst(key.count + 1)
    }
    return nil
  }
}

private func parse(_ name: String, isTry: Bool, _ examples: [Example]) -> FunctionSpec {
  .scalar(
    name, category: "strings", summary: "One part of a URL, or one parameter of its query.",
    [
      .column("url", .exactly(.string), "the URL"),
      .column(
        "part", .exactly(.string), "HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO"),
      .column("key", .exactly(.string), default: "", "with QUERY: which parameter"),
    ], returns: "STRING", examples: examples
  ) { call in
    call.result(.string, nullable: .always, canFail: !isTry) { columns, _ in
      try mappedRows(columns, to: .string) { row, builder in
        func text(_ index: Int) -> String {
          String(decoding: columns[index].strings[row], as: UTF8.self)
        }
        if columns.count > 2, text(1) != "QUERY" { return builder.appendNull() }
        guard let url = URLParts(text(0)) else {
          if isTry { return builder.appendNull() }
          throw Failure(
            "INVALID_URL", "`\(text(0))` is no URL",
            hint: "Use `try_parse_url` to get NULL instead.")
        }
        let found: Substring?
        if columns.count > 2 {
          found = url.parameter(text(2))
        } else {
          found = url.part(text(1))
        }
        if let found { builder.append(text: String(found)) } else { builder.appendNull() }
      }
    }
  }
}

/// PARSE_URL.
let urlFunctions: [FunctionSpec] = [
  parse(
    "parse_url", isTry: false,
    [
      Example("parse_url('http://spark.apache.org/path?query=1', 'HOST')", "spark.apache.org"),
      Example("parse_url('http://spark.apache.org/path?query=1', 'QUERY')", "query=1"),
      Example("parse_url('http://spark.apache.org/path?a=1&query=2', 'QUERY', 'query')", "2"),
      Example("parse_url('https://u:p@h:80/p?q#r', 'USERINFO')", "u:p"),
      Example("parse_url('https://u:p@h:80/p?q#r', 'AUTHORITY')", "u:p@h:80"),
      Example("parse_url('https://h/p?q#r', 'FILE')", "/p?q"),
      Example("parse_url('https://h/p?q#r', 'REF')", "r"),
      Example("parse_url('inva lid://h', 'HOST')", "error INVALID_URL"),
      Example("parse_url('https://h', 'QUERY')", "NULL"),
      Example("parse_url('inva lid://h', 'HOST', 'a')", "NULL"),
      Example("parse_url('', 'HOST')", "NULL"),
      Example("parse_url('https://é.com/ü?a=ß', 'PATH')", "/ü"),
      Example("parse_url(NULL, 'HOST')", "NULL"),
    ]),
  parse(
    "try_parse_url", isTry: true,
    [
      Example("try_parse_url('inva lid://h', 'HOST')", "NULL"),
      Example("try_parse_url('http://spark.apache.org/p', 'PATH')", "/p"),
      Example("try_parse_url('', 'HOST')", "NULL"),
      Example("try_parse_url('http://é/ü', 'PATH')", "/ü"),
    ]),
]
