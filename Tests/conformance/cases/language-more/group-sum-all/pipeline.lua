return function(session, inputs, F)
  return inputs.t:groupBy("k"):sum()
end
