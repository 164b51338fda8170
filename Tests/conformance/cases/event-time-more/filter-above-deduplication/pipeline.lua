return function(session, inputs, F)
  local t = inputs.t:withWatermark("ts", "5 minutes")
  return t:dropDuplicates { "k", "ts" }:where("k <> 'x'")
end
