--- `df.write`: the rows of a batch, written once.
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local options = require "moontide.options"

local Writer, with, read = options.class("DataFrameWriter", "df.write")
local methods = Writer.methods
options.install(methods, with, read)

local MODES = { "append", "overwrite", "ignore", "error", "errorIfExists", "update" }

function methods:mode(mode)
  return with(self, { mode = check.word(mode, MODES, "the save mode", "INVALID_SAVE_MODE") })
end

function methods:partitionBy(...)
  return with(self, { partitionBy = check.names("partitionBy", ...) })
end

local function write(self, changes)
  local request = read(with(self, changes))
  local df = request.df
  request.df = nil
  engine.write(dataframe.unwrap(df), request)
end

function methods:save(...)
  if select("#", ...) > 0 then check.text((...), check.argument("save", 1)) end
  write(self, { path = (...) })
end

for _, format in ipairs(options.FILE_FORMATS) do
  methods[format] = function(self, path)
    write(self, { format = format, path = check.text(path, check.argument(format, 1)) })
  end
end

function methods:saveAsTable(name)
  write(self, { table = check.text(name, check.argument("saveAsTable", 1)) })
end

function dataframe.values.write(df)
  return with(nil, { df = df })
end
