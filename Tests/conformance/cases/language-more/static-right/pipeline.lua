return function(session, inputs, F)
  return inputs.t:join(inputs.k, "a", "right")
end
