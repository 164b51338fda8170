return function(session, inputs, F)
  return inputs.t:dropna("all", nil, {"s","n"}):dropna("any", 3)
end
