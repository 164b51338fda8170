return function(session, inputs, F)
  return inputs.t:where("sum(n) > 1")
end
