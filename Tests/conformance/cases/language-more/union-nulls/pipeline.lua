return function(session, inputs, F)
  return inputs.t:unionByName(inputs.u, true)
end
