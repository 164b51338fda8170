return function(session, inputs, F)
  return inputs.t:select(F.date_format(F.lit("2024-01-01"):cast("timestamp"), "yyyy-bb"))
end
