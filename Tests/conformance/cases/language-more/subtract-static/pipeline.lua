return function(session, inputs, F)
  return inputs.t:subtract(inputs.k)
end
