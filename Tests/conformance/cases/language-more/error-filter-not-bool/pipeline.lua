return function(session, inputs, F)
  return inputs.t:where("n + 1")
end
