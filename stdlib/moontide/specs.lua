--- What the engine says of its functions, asked for once.
local engine = require "moontide.engine"

local specs = {}

local byName

local function all()
  if byName then return byName end
  byName = {}
  for _, spec in ipairs(engine.functionSpecs()) do
    byName[spec.name] = spec
    for _, alias in ipairs(spec.aliases or {}) do
      local copy = {}
      for key, value in next, spec do copy[key] = value end
      copy.name = alias
      byName[alias] = copy
    end
  end
  return byName
end

--- The Spec of a function, or nil: { name, kind, parameters, minimum, variadic }.
function specs.find(name) return name and all()[name] end

function specs.names()
  local names = {}
  for name in next, all() do names[#names + 1] = name end
  return names
end

return specs
