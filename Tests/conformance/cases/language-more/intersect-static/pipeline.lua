return function(session, inputs, F)
  return inputs.t:intersect(inputs.k)
end
