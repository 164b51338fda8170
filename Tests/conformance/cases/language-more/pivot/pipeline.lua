return function(session, inputs, F)
  return inputs.t:groupBy("k"):pivot("v", {1,2}):count()
end
