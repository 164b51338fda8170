return function(session, inputs, F)
  return inputs.t:select(F.raise_error(F.lit("boom")))
end
