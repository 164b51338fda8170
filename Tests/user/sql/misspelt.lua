-- Sixty misspelt functions, in SQL text and as F.name: the error has Spark's class where it has one,
-- names the near function, and says the line of this script.
local moontide = require "moontide"
local F = require "moontide.functions"

local session = moontide.session { master = "local[1]" }
local frame = session:createDataFrame({ { "a" } }, "text STRING")

local misspelt = {
  "uper upper", "uppper upper", "lowre lower", "lenght length", "lengt length", "substing substring",
  "substrng substring", "subtring substring", "concatt concat", "concat_sw concat_ws",
  "conact concat", "replce replace", "relpace replace", "tranlsate translate",
  "regex_replace regexp_replace",
  "regexp_extrct regexp_extract", "regexp_extract_al regexp_extract_all", "regexp_lik regexp_like",
  "spilt split", "splt split", "split_prt split_part", "trimm trim", "ltrm ltrim", "lpadd lpad",
  "initcapp initcap", "revrse reverse", "repeatt repeat", "levenstein levenshtein",
  "soundx soundex", "bse64 base64", "unbase46 unbase64", "encod encode", "decod decode",
  "array_contain array_contains", "array_distnct array_distinct", "aray_join array_join",
  "array_possition array_position", "array_srot array_sort", "sort_aray sort_array",
  "explod explode", "explode_outr explode_outer", "posexplod posexplode", "flaten flatten",
  "map_key map_keys", "map_valeus map_values", "map_from_entrys map_from_entries",
  "tranform transform", "agregate aggregate", "from_jsn from_json", "to_jason to_json",
  "get_json_objct get_json_object", "json_tupel json_tuple", "schema_of_jsn schema_of_json",
  "from_cvs from_csv", "to_cvs to_csv", "coalese coalesce", "nvll nvl", "nulif nullif",
  "parse_ulr parse_url", "url_encod url_encode", "sentencs sentences", "msak mask",
}

local failures = 0
local function check(kind, name, near, ok, got, class)
  local why
  if ok then
    why = "no error"
  elseif type(got) ~= "table" then
    why = "no error object: " .. tostring(got)
  elseif class and got.class ~= class then
    why = "the class is " .. tostring(got.class)
  elseif not tostring(got):find(near, 1, true) then
    why = "the message names no `" .. near .. "`: " .. tostring(got)
  elseif not tostring(got.where):find("misspelt.lua:", 1, true) then
    why = "the error names no line of the script: " .. tostring(got.where)
  end
  if why then
    failures = failures + 1
    print(("FAIL %s %s: %s"):format(kind, name, why))
  end
end

for _, pair in ipairs(misspelt) do
  local name, near = pair:match "(%S+) (%S+)"
  local ok, got = pcall(function() return session:sql("SELECT " .. name .. "('a')"):collect() end)
  check("SQL", name, near, ok, got, "UNRESOLVED_ROUTINE")
  ok, got = pcall(function() return frame:select(F.expr(name .. "(text)")):collect() end)
  check("F.expr", name, near, ok, got, "UNRESOLVED_ROUTINE")
  ok, got = pcall(function() return F[name]("text") end)
  check("F", name, near, ok, got)
end
print(("%d names, %d failures"):format(#misspelt, failures))
if failures > 0 or #misspelt < 60 then os.exit(1) end
