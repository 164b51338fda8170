return function(session, inputs, F)
  return inputs.t:groupBy("k"):transformWithState {
    outputSchema = "k STRING, n INT", outputMode = "update", timeMode = "none", initialState = inputs.s,
    init = function(self, handle) self.v = handle:valueState("v", "v INT") end,
    handleInitialState = function(self, key, row, timers) self.v:update { v = row.v } end,
    handleInputRows = function(self, key, rows, timers)
      local n = self.v:exists() and self.v:get().v or 0
      for r in rows do n = n + r.n end
      self.v:update { v = n }
      return { { key.k, n } }
    end,
  }
end
