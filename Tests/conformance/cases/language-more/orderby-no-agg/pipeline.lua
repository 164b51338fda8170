return function(session, inputs, F)
  return inputs.t:orderBy("id")
end
