return function(session, inputs, F)
  return inputs.t:select(F.expr("upper(array(1))"))
end
