-- Every type, and random nestings of them, through every path that a value can take: schema texts,
-- documents, text, keys, sorting, joins, aggregates, functions, state of every kind, restarts.
-- What goes in must come out: the same value, of the same type.
--
--     moontide run Tests/user/types/paths.lua [SEED [COUNT]]
local moontide = require "moontide"
local F = require "moontide.functions"
local W = require "moontide.window"

local seed = tonumber(arg[1] or 1)
local count = tonumber(arg[2] or 12)
math.randomseed(seed)
local folder = os.tmpname() .. "-paths"
os.execute("mkdir -p " .. folder)
local session = moontide.session {
  master = "local[2]", conf = { ["moontide.shuffle.partitions"] = 2 },
}
local null = moontide.null

local function pick(list) return list[math.random(#list)] end

-- Types with their edge values

local scalars = {
  { "BOOLEAN", { true, false } },
  { "TINYINT", { -128, 0, 127 } },
  { "SMALLINT", { -32768, 1, 32767 } },
  { "INT", { -2147483648, 0, 2147483647 } },
  { "BIGINT", { math.mininteger, -1, 0, math.maxinteger, 9007199254740993 } },
  { "FLOAT", { -0.0, 1.5, 3.4028234663852886e38, 1.401298464324817e-45, 0 / 0, 1 / 0 } },
  { "DOUBLE", { -0.0, 0.1, 1.7976931348623157e308, 4.9e-324, 0 / 0, -1 / 0 } },
  { "DECIMAL(5,2)", { "-999.99", "0.00", "0.01" } },
  { "DECIMAL(18,0)", { "-999999999999999999", "7" } },
  { "DECIMAL(38,0)", { "99999999999999999999999999999999999999", "-1" } },
  { "DECIMAL(38,18)", { "-0.000000000000000001", "12345678901234567890.123456789012345678" } },
  { "STRING", {
    "", "a", "ß é 漢 😀", "nul \0 in", "quote \" , ' \\ line\nbreak\ttab", " blank ", "null",
  } },
  { "BINARY", { "", "\0\255\128", "plain" } },
  { "DATE", { -719162, -1, 0, 19782, 2932896 } },
  { "TIMESTAMP", { -62135596800000000, -1, 0, 1704164645123456, 253402300799999999 } },
  { "TIMESTAMP_NTZ", { -62135596800000000, -1, 0, 1704164645123456, 253402300799999999 } },
  { "INTERVAL YEAR TO MONTH", { -14, 0, 2147483647 } },
  { "INTERVAL YEAR", { -24, 0, 12 } },
  { "INTERVAL MONTH", { -13, 5 } },
  { "INTERVAL DAY TO SECOND", { -93784500000, 0, 9223372036854775807, 1 } },
  { "INTERVAL DAY", { -86400000000, 172800000000 } },
  { "INTERVAL HOUR TO MINUTE", { 60000000, -5400000000 } },
  { "INTERVAL SECOND", { 1500000, -1 } },
}

-- { type text, maker of a value or nil, whether it can be a key of a map or a group, whether the
-- document formats hold it }
local function scalar()
  local entry = pick(scalars)
  return { text = entry[1], make = function() return pick(entry[2]) end, isKey = true }
end

local make

local function arrayOf(element)
  return {
    text = ("ARRAY<%s>"):format(element.text), isKey = element.isKey,
    make = function()
      local list = {}
      for place = 1, pick { 0, 1, 2, 3 } do
        if math.random(4) == 1 then list[place] = null else list[place] = element.make() end
      end
      return list
    end,
  }
end

local function structOf(fields)
  local parts, isKey = {}, true
  for place, field in ipairs(fields) do
    parts[place] = ("f%d: %s"):format(place, field.text)
    isKey = isKey and field.isKey
  end
  return {
    text = ("STRUCT<%s>"):format(table.concat(parts, ", ")), isKey = isKey,
    make = function()
      local made = {}
      for place, field in ipairs(fields) do
        if math.random(5) > 1 then made["f" .. place] = field.make() end
      end
      return made
    end,
  }
end

local function mapOf(value)
  return {
    text = ("MAP<STRING, %s>"):format(value.text), isKey = false,
    make = function()
      local made = {}
      for _, key in ipairs { "a", "ß", "" } do
        local roll = math.random(3)
        if roll == 1 then made[key] = value.make() elseif roll == 2 then made[key] = null end
      end
      return made
    end,
  }
end

function make(depth)
  local roll = depth == 0 and 0 or math.random(3)
  if roll == 0 then return scalar() end
  if roll == 1 then return arrayOf(make(depth - 1)) end
  if roll == 2 then return mapOf(make(depth - 1)) end
  return structOf { make(depth - 1), make(depth - 1) }
end

-- Values compared as texts; a number with its kind, since 1 is not 1.0 and 0.0 is not -0.0.
local function shown(value)
  if value == nil or value == null then return "null" end
  local kind = math.type(value)
  if kind == "float" then
    if value ~= value then return "nan" end
    return ("%.17g"):format(value) .. (1 / value < 0 and value == 0 and "neg" or "") .. "f"
  end
  if kind == "integer" then return tostring(value) end
  if type(value) ~= "table" then return ("%s:%q"):format(type(value), value) end
  local parts = {}
  for key, element in pairs(value) do parts[#parts + 1] = tostring(key) .. "=" .. shown(element) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- In a map of rows a field that is NULL and one that is missing are the same.
local failures, checks = 0, 0
local current

local function check(path, found, wanted)
  checks = checks + 1
  if found ~= wanted then
    failures = failures + 1
    if failures < 40 then
      print(("%s: %s\n  found  %s\n  wanted %s"):format(path, current, found, wanted))
    end
  end
end

local function values(df, column)
  local found = {}
  for place, row in ipairs(df:collect()) do found[place] = shown(row[column or "v"]) end
  return found
end

local function sorted(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return table.concat(copy, "\n")
end

-- -0.0 and NaN are keys as 0.0 and one NaN.
local function distinctOf(list)
  local seen, out = {}, {}
  for _, text in ipairs(list) do
    local key = text:gsub("%-0negf", "0f")
    if not seen[key] then seen[key] = true; out[#out + 1] = key end
  end
  return out
end

local function asKeys(list)
  local out = {}
  for place, text in ipairs(list) do out[place] = (text:gsub("%-0negf", "0f")) end
  return out
end

local function attempt(path, body)
  local ok, failure = pcall(body)
  if not ok then check(path, tostring(failure):sub(1, 400), "no error") end
end

-- Paths over one type

local function schemas(kind, df)
  local text = df.dtypes[2][2]
  attempt("DDL", function()
    check("DDL", session:createDataFrame({}, "v " .. kind.text).dtypes[1][2], text)
    check("tostring(schema)", session:createDataFrame({}, tostring(df.schema)).dtypes[2][2], text)
    local cast = F.col("v"):cast(df.schema.fields[2].type)
    check("a type from text", df:select(cast).dtypes[1][2], text)
    check("typeof", df:select(F.typeof "v"):first()[1], text)
    check("cast of NULL", df:select(F.lit(nil):cast(kind.text)).dtypes[1][2], text)
  end)
end

-- Unasked, documents hold milliseconds alone.
local micros = {
  timestampFormat = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
  timestampNTZFormat = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}

local function documents(kind, df, wanted)
  attempt("JSON column", function()
    local json = df:select("id", F.to_json(F.struct "v", micros):alias "j")
    local read = F.from_json("j", "v " .. kind.text, micros):getField("v"):alias "v"
    local back = json:select("id", read)
    check("JSON column", table.concat(values(back:orderBy "id"), "\n"), wanted)
  end)
  local isFlat = kind.all and not kind.text:find "INTERVAL" and kind.text ~= "BINARY"
  for _, format in ipairs { "json", isFlat and "csv" or nil } do
    attempt(format, function()
      local path = ("%s/%s-%d"):format(folder, format, checks)
      local options = format == "csv" and { nullValue = "NULL", emptyValue = "", quoteAll = true,
        ignoreLeadingWhiteSpace = false, ignoreTrailingWhiteSpace = false } or {}
      df.write:format(format):options(micros):options(options):save(path)
      options.multiLine, options.quoteAll = format == "csv" or nil, nil
      local back = session.read:format(format):options(micros):options(options)
        :schema("id BIGINT, v " .. kind.text):load(path)
      check(format .. " file", table.concat(values(back:orderBy "id"), "\n"), wanted)
    end)
  end
end

local function keys(kind, df, list)
  local distinct = sorted(distinctOf(list))
  attempt("keys", function()
    check("distinct", sorted(asKeys(values(df:select("v"):distinct()))), distinct)
    check("dropDuplicates", sorted(asKeys(values(df:dropDuplicates { "v" }))), distinct)
    check("groupBy", sorted(asKeys(values(df:groupBy("v"):count()))), distinct)
    check("type of a key", df:groupBy("v"):count().dtypes[1][2], df.dtypes[2][2])
    local counted = 0
    for _, row in ipairs(df:groupBy("v"):count():collect()) do
      counted = counted + row:asTable().count
    end
    check("counts", counted, #list)
    check("union", sorted(asKeys(values(df:union(df):select("v"):distinct()))), distinct)
    check("intersect", sorted(asKeys(values(df:select("v"):intersect(df:select "v")))), distinct)
    check("subtract", #df:select("v"):subtract(df:select "v"):collect(), 0)
    check("exceptAll", #df:select("v"):exceptAll(df:select "v"):collect(), 0)
    local joined = df:alias("a"):join(df:alias("b"), F.col("a.v"):eqNullSafe(F.col "b.v"))
      :where(F.col("a.id"):eq(F.col "b.id"))
      :select(F.col("b.id"):alias "id", F.col("b.v"):alias "v"):orderBy "id"
    check("join by value", table.concat(values(joined), "\n"), table.concat(list, "\n"))
    check("join by name", df:join(df:select(F.col("v"), F.lit(1):alias "one"):distinct(), { "v" })
      :select("v"):count() >= 0, true)
    local window = df:withColumn("n", F.count("id"):over(W.partitionBy "v"))
    check("window partition", sorted(values(window)), sorted(list))
    check("array_contains", df:where(F.col("v"):isNotNull())
      :where(~F.array_contains(F.array "v", F.col "v")):count(), 0)
    check("in", df:where(F.col("v"):isNotNull()):where(~F.col("v"):isin(F.col "v")):count(), 0)
  end)
  attempt("sorting", function()
    local up = values(df:orderBy(F.col("v"):ascNullsFirst(), "id"))
    local down = values(df:orderBy(F.col("v"):descNullsLast(), F.col("id"):desc()))
    local reversed = {}
    for place = #down, 1, -1 do reversed[#reversed + 1] = down[place] end
    check("sorting both ways", table.concat(up, "\n"), table.concat(reversed, "\n"))
    check("sorting keeps all", sorted(up), sorted(list))
    local ranked = df:withColumn("r", F.dense_rank():over(W.orderBy "v")):orderBy("r", "id")
    check("dense_rank", sorted(values(ranked)), sorted(list))
    local extreme = df:agg(F.min("v"):alias "low", F.max("v"):alias "high"):first()
    local full = values(df:where(F.col("v"):isNotNull()):orderBy("v", "id"))
    if #full > 0 then
      check("min", asKeys({ shown(extreme.low) })[1], asKeys({ full[1] })[1])
      check("max", asKeys({ shown(extreme.high) })[1], asKeys({ full[#full] })[1])
      local by = df:where(F.col("v"):isNotNull())
        :agg(F.min_by("v", "v"):alias "a", F.max_by("v", "id"):alias "b"):first()
      check("min_by", asKeys({ shown(by.a) })[1], asKeys({ full[1] })[1])
    end
    local greatest = df:select("id", F.greatest("v", "v"):alias "v"):orderBy "id"
    check("greatest", table.concat(values(greatest), "\n"), table.concat(list, "\n"))
  end)
end

local function aggregates(df, list)
  attempt("aggregates", function()
    local given = {}
    for _, text in ipairs(list) do if text ~= "null" then given[#given + 1] = text end end
    local row = df:orderBy("id"):agg(
      F.collect_list("v"):alias "all", F.first("v", true):alias "one",
      F.last("v", true):alias "other",
      F.max_by("v", "id"):alias "by", F.count("v"):alias "n"):first()
    local all = {}
    for place, value in ipairs(row.all) do all[place] = shown(value) end
    check("collect_list", table.concat(all, "\n"), table.concat(given, "\n"))
    check("first", shown(row.one), given[1] or "null")
    check("last", shown(row.other), given[#given] or "null")
    check("max_by", shown(row.by), list[#list])
    check("count", row.n, #given)
  end)
end

local function functions(kind, df, wanted)
  attempt("functions", function()
    local through = F.udf(function(v) return v end, kind.text)
    local called = df:select("id", through("v"):alias "v"):orderBy "id"
    check("udf", table.concat(values(called), "\n"), wanted)
    local schema = "id BIGINT, v " .. kind.text
    local function whole(row) return { id = row.id, v = row.v } end
    check("map", table.concat(values(df:map(whole, schema):orderBy "id"), "\n"), wanted)
    local flat = df:flatMap(function(row) return { { row.id, row.v } } end, schema)
    check("flatMap", table.concat(values(flat:orderBy "id"), "\n"), wanted)
    local keep = F.udaf {
      zero = function() return { last = nil, id = -1 } end,
      reduce = function(buffer, id, v)
        if id > buffer.id then return { last = v, id = id } end
        return buffer
      end,
      merge = function(a, b) if a.id > b.id then return a end return b end,
      finish = function(buffer) return buffer.last end,
      buffer = ("last %s, id BIGINT"):format(kind.text), returns = kind.text,
    }
    local found = df:groupBy("id"):agg(keep(F.col "id", F.col "v"):alias "v"):orderBy "id"
    check("udaf", table.concat(values(found), "\n"), wanted)
    local groups = df:groupBy("id"):applyInGroups(function(key, rows)
      local out = {}
      for row in rows do out[#out + 1] = { key.id, row.v } end
      return out
    end, schema)
    check("applyInGroups", table.concat(values(groups:orderBy "id"), "\n"), wanted)
  end)
end

local function carried(df, wanted)
  attempt("carried", function()
    local parts = {}
    for row in df:orderBy("id"):toLocalIterator() do parts[#parts + 1] = shown(row.v) end
    check("toLocalIterator", table.concat(parts, "\n"), wanted)
    local given = {}
    for place, row in ipairs(df:orderBy("id"):collect()) do given[place] = row:asTable() end
    local again = session:createDataFrame(given, df.schema)
    check("rows given back", table.concat(values(again:orderBy "id"), "\n"), wanted)
    check("coalesce", table.concat(values(
      df:select("id", F.coalesce(F.lit(nil), "v"):alias "v"):orderBy "id"), "\n"), wanted)
    check("CASE", table.concat(values(df:selectExpr("id",
      "CASE WHEN id % 2 = 0 THEN v ELSE v END AS v"):orderBy "id"), "\n"), wanted)
    check("element of an array", table.concat(values(df:select("id",
      F.array("v"):getItem(0):alias "v"):orderBy "id"), "\n"), wanted)
    check("value of a map", table.concat(values(df:select("id",
      F.map(F.lit "k", F.col "v"):getItem("k"):alias "v"):orderBy "id"), "\n"), wanted)
    check("explode", table.concat(values(
      df:select("id", F.explode(F.array("v")):alias "v"):orderBy "id"), "\n"), wanted)
    check("window lag", table.concat(values(
      df:select("id", F.lag("v", 0):over(W.orderBy "id"):alias "v"):orderBy "id"), "\n"), wanted)
    local text = df:select(F.col("v"):cast "STRING"):collect()
    check("cast to text", #text, #df:collect())
  end)
end

-- Streams: what each path writes, over two batches with a restart between them.

local function stream(path, kind, rows, list, build, mode)
  for _, store in ipairs { "memory", "rocksdb" } do
    local place = ("%s/%s-%s-%d"):format(folder, path:gsub("%W", ""), store, checks)
    local name = path .. " (" .. store .. ")"
    attempt(name, function()
      session.conf:set("moontide.stateStore", store)
      local schema = "id BIGINT, v " .. kind.text
      local half = #rows // 2
      local found = {}
      os.execute(("mkdir -p %s/in"):format(place))
      for _, range in ipairs { { 1, half }, { half + 1, #rows } } do
        local part = table.move(rows, range[1], range[2], 1, {})
        session:createDataFrame(part, schema):coalesce(1).write:mode("append"):options(micros)
          :json(place .. "/in")
        local df = session.readStream:schema(schema):options(micros):json(place .. "/in")
        local query = build(df).writeStream:outputMode(mode or "append")
          :option("checkpointLocation", place .. "/checkpoint")
          :trigger { availableNow = true }
          :foreachBatch(function(out)
            if mode == "complete" then found = {} end
            for _, row in ipairs(out:collect()) do found[#found + 1] = shown(row.v) end
          end):start()
        query:awaitTermination()
      end
      check(name, sorted(asKeys(found)), sorted(asKeys(list)))
    end)
    session.conf:unset "moontide.stateStore"
  end
end

local function streams(kind, rows, list)
  stream("stream", kind, rows, list, function(df) return df end)
  local schema = "id BIGINT, v " .. kind.text
  if kind.isKey then
    stream("stream groupBy", kind, rows, distinctOf(list), function(df)
      return df:groupBy("v"):count()
    end, "complete")
    stream("stream dropDuplicates", kind, rows, distinctOf(list), function(df)
      return df:dropDuplicates { "v" }
    end)
    stream("stream join", kind, rows, list, function(df)
      local other = df:select(F.col("id"):alias "other", F.col("v"):alias "w")
      return df:join(other, F.col("id"):eq(F.col "other") & F.col("v"):eqNullSafe(F.col "w"))
        :select("id", F.col("w"):alias "v")
    end)
  end
  stream("stream join state", kind, rows, list, function(df)
    local other = df:select(F.col("id"):alias "other", F.col("v"):alias "w")
    return df:join(other, F.col("id"):eq(F.col "other")):select("id", F.col("w"):alias "v")
  end)
  stream("stream first", kind, rows, list, function(df)
    return df:groupBy("id"):agg(F.max_by("v", "id"):alias "v")
  end, "complete")
  stream("stream collect_list", kind, rows, list, function(df)
    return df:groupBy("id"):agg(F.first("v"):alias "v")
  end, "complete")
  local stateful = {
    outputSchema = schema, stateSchema = "kept " .. kind.text, outputMode = "append",
    timeout = "none",
  }
  stream("stream groups with state", kind, rows, list, function(df)
    return df:groupBy(F.lit(1):alias "g"):flatMapGroupsWithState(stateful, function(_, group, state)
      local out = {}
      for row in group do
        state:update { kept = row.v }
        out[#out + 1] = { row.id, state:get().kept }
      end
      return out
    end)
  end)
  stream("transformWithState", kind, rows, list, function(df)
    return df:groupBy(F.lit(1):alias "g"):transformWithState {
      outputSchema = schema, outputMode = "append", timeMode = "none",
      init = function(self, handle)
        self.value = handle:valueState("value", "kept " .. kind.text)
        self.list = handle:listState("list", "kept " .. kind.text)
        self.map = handle:mapState("map", "k BIGINT", "kept " .. kind.text)
      end,
      handleInputRows = function(self, _, group)
        local out = {}
        for row in group do
          self.value:update { kept = row.v }
          self.list:appendValue { kept = self.value:get().kept }
          local last
          for entry in self.list:get() do last = entry end
          self.map:updateValue({ k = row.id }, { kept = last.kept })
          out[#out + 1] = { row.id, self.map:getValue({ k = row.id }).kept }
        end
        return out
      end,
    }
  end)
end

local kinds = {}
for _, entry in ipairs(scalars) do
  kinds[#kinds + 1] = {
    text = entry[1], make = function() return pick(entry[2]) end, all = entry[2], isKey = true,
  }
end
for _ = 1, count do kinds[#kinds + 1] = make(3) end

for place, kind in ipairs(kinds) do
  current = kind.text
  local rows = {}
  for id, value in ipairs(kind.all or {}) do rows[#rows + 1] = { id = id, v = value } end
  for _ = #rows + 1, 8 do
    local value = nil
    if math.random(6) > 1 then value = kind.make() end
    rows[#rows + 1] = { id = #rows + 1, v = value }
  end
  local ok, failure = pcall(function()
    local df = session:createDataFrame(rows, "id BIGINT, v " .. kind.text)
    local list = values(df:orderBy "id")
    local wanted = table.concat(list, "\n")
    for id, row in ipairs(rows) do
      if kind.all then check("in and out", list[id], shown(row.v)) end
    end
    schemas(kind, df)
    documents(kind, df, wanted)
    if kind.isKey then keys(kind, df, list) end
    aggregates(df, list)
    functions(kind, df, wanted)
    carried(df, wanted)
    -- Streams are slow: a part of the types has its turn with each seed.
    local isTurn = place <= #scalars and place % 6 == seed % 6
    if isTurn or place > #scalars and place % 4 == 0 then streams(kind, rows, list) end
  end)
  if not ok then check("the type", tostring(failure):sub(1, 500), "no error") end
end
os.execute("rm -rf " .. folder)
print(("seed %d: %d types, %d checks, %d differences"):format(seed, #kinds, checks, failures))
if failures > 0 then os.exit(1) end
