return function(session, inputs, F)
  return inputs.t:crossJoin(inputs.k)
end
