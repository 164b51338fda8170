return function(session, inputs, F)
  return inputs.t:unpivot("id", {"x","y"}, "k", "v")
end
