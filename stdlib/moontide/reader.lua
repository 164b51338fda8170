--- `session.read` and `session.readStream`.
local catalog = require "moontide.catalog"
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local options = require "moontide.options"
local plan = require "moontide.plan"
local types = getmetatable(require "moontide.types").internal

local function makeReader(name, isStreaming)
  local property = isStreaming and "readStream" or "read"
  local Reader, with, read = options.class(name, "session." .. property)
  local methods = Reader.methods
  options.install(methods, with, read)

  function methods:schema(schema)
    return with(self, { schema = types.text(schema, check.argument("schema", 1)) })
  end

  -- In batch a list of paths is several; a stream has one directory.
  local function paths(path)
    if rawequal(path, nil) then return nil end
    if not isStreaming and check.isList(path) then return check.names("load", path) end
    return { check.text(path, check.argument("load", 1)) }
  end

  local function load(self, format, path)
    local fields = read(self)
    return dataframe.wrap(plan.node("read", {
      isStreaming = isStreaming, format = format or fields.format, schema = fields.schema,
      options = fields.options, paths = paths(path),
    }))
  end

  local function refuseMore(method, ...)
    if select("#", ...) > 0 then
      check.refuse(check.argument(method, 2), "nothing: several paths are one list", (...))
    end
  end

  function methods:load(...)
    refuseMore("load", select(2, ...))
    if select("#", ...) > 0 and rawequal((...), nil) then
      check.refuse(check.argument("load", 1), "a path", nil)
    end
    return (load(self, nil, (...)))
  end

  for _, format in ipairs(options.FILE_FORMATS) do
    methods[format] = function(self, path, ...)
      refuseMore(format, ...)
      if rawequal(path, nil) then check.refuse(check.argument(format, 1), "a path", nil) end
      return (load(self, format, path))
    end
  end

  function methods:table(table)
    return catalog.table(check.text(table, check.argument("table", 1)), {
      isStreaming = isStreaming, options = read(self).options,
    })
  end

  return function() return with(nil, {}) end
end

return {
  batch = makeReader("DataFrameReader", false),
  stream = makeReader("DataStreamReader", true),
}
