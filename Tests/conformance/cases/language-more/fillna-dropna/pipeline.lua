return function(session, inputs, F)
  return inputs.t:fillna({["s"] = "?", ["n"] = 0}):dropna("any", nil, {"d"}):replace("A","B")
end
