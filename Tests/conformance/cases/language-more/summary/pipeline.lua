return function(session, inputs, F)
  return inputs.t:summary("count","mean","max")
end
