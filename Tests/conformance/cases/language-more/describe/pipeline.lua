return function(session, inputs, F)
  return inputs.t:describe()
end
