return function(session, inputs, F)
  return inputs.t:dropDuplicates { "k" }:where("n > 10"):select("k"):limit(5)
end
