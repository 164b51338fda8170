return function(session, inputs, F)
  return inputs.t:select(F.regexp_extract("s","([a-z])(\\d+)", 2):alias("e"), F.regexp_extract_all("s", F.lit("(\\d+)"), F.lit(1)):alias("all"), F.regexp_replace("s","(\\d)(\\d*)","<$1|$2>"):alias("r"), F.split("s","[;=\\d]"):alias("sp"), F.split("s","\\d", 2):alias("s2"), F.rlike("s", F.lit("^x")):alias("rl"), F.regexp_count("s", F.lit("\\d")):alias("c"), F.regexp_instr("s", F.lit("2+")):alias("i"), F.regexp_substr("s", F.lit("[0-9]{2}")):alias("su"), F.regexp_like("s", F.lit("(?i)A1")):alias("li"))
end
