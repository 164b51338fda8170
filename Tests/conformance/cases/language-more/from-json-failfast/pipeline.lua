return function(session, inputs, F)
  return inputs.t:select(F.from_json("j","a INT", {["mode"] = "FAILFAST"}))
end
