return function(session, inputs, F)
  return inputs.t:withWatermark("ts", "10 minutes"):dropDuplicatesWithinWatermark { "k" }:select("k", "n")
end
