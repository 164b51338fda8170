import Contract

/// Functions of Spark that this engine deliberately has not, each with what it is missing or what
/// stands in for it: whoever ports a script reads that instead of "no such function".
enum RefusedFunctions {
  private struct Family {
    let names: Set<String>
    let prefixes: [String]
    let reason: String
    let hint: String?

    init(_ names: String, prefixes: [String] = [], _ reason: String, hint: String? = nil) {
      self.names = Set(names.split(separator: " ").map(String.init))
      self.prefixes = prefixes
      self.reason = reason
      self.hint = hint
    }
  }

  private static let families: [Family] = [
    Family(
      """
      parse_json try_parse_json is_variant_null is_valid_variant variant_get try_variant_get \
      to_variant_object schema_of_variant schema_of_variant_agg
      """, prefixes: ["variant_", "try_variant_"], "there is no type VARIANT",
      hint: "Read JSON with `from_json` and a schema, or single fields with `get_json_object`."),
    Family(
      """
      current_time localtime make_time to_time try_to_time time_diff time_trunc time_from_seconds \
      time_from_millis time_from_micros time_to_seconds time_to_millis time_to_micros
      """, "there is no type TIME", hint: "Keep the time of day as an INTERVAL DAY TO SECOND."),
    Family(
      "timestamp_nanos unix_nanos", "timestamps have microseconds",
      hint: "Use `timestamp_micros` and `unix_micros`."),
    Family("", prefixes: ["st_"], "there are no geographic types"),
    Family(
      "from_xml to_xml schema_of_xml xpath", prefixes: ["xpath_"], "there is no XML",
      hint: "Take the text apart in a Lua function: `F.udf(fn, type)`."),
    Family(
      "from_avro to_avro schema_of_avro from_protobuf to_protobuf",
      "the formats Avro and Protobuf are not read or written"),
    Family(
      "aes_encrypt aes_decrypt try_aes_decrypt", "no cipher is linked into this engine",
      hint: "Digests are there: `sha2`, `hmac`."),
    Family(
      "count_min_sketch", prefixes: ["hll_", "theta_", "tuple_", "kll_", "approx_top_k"],
      "the sketches of Apache DataSketches are not implemented",
      hint: "Use `approx_count_distinct`, `percentile_approx`, or the exact `bitmap_…` functions."),
    Family(
      "java_method reflect try_reflect", "there is no Java here",
      hint: "Write the function in Lua: `F.udf(fn, type)`."),
    Family(
      "collations", "strings are compared by their bytes alone (UTF8_BINARY)"),
    Family(
      "input_file_block_length input_file_block_start", "the parts of files are not told",
      hint: "`input_file_name` tells the file."),
    Family(
      "python_worker_logs measure current_path sql_keywords counter_diff",
      "it belongs to a part of Spark that is not here"),
    Family(
      "vector_avg vector_sum", "vectors of FLOAT have no aggregates of their own",
      hint: "Use `aggregate`, `zip_with` and `transform`."),
  ]

  /// Why there is no function of that name, where that is on purpose.
  static func failure(_ name: String, origin: Origin?) -> Failure? {
    let key = name.lowercased()
    guard
      let family = families.first(where: { family in
        family.names.contains(key) || family.prefixes.contains { key.hasPrefix($0) }
      })
    else { return nil }
    return Failure(
      "UNSUPPORTED_FEATURE.FUNCTION", "`\(name)` is not supported: \(family.reason)",
      hint: family.hint, origin: origin)
  }
}
