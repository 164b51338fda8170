return function(session, inputs, F)
  return inputs.t:subtract(inputs.u)
end
