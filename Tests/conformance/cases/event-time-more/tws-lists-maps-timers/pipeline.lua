return function(session, inputs, F)
  local MINUTE, START = 60000000, 1704110400000000
  local function text(self, handle, key, what)
    local l, m, t = {}, {}, {}
    if self.l:exists() then for v in self.l:get() do l[#l + 1] = tostring(v.n) end end
    if self.m:exists() then for k, v in self.m:iterator() do m[#m + 1] = k.n .. "=" .. v.c end end
    for at in handle:listTimers() do t[#t + 1] = at end
    table.sort(m); table.sort(t)
    for i, at in ipairs(t) do t[i] = tostring((at - START) // MINUTE) end
    return { key.k, what, table.concat(l, ","), table.concat(m, ","), table.concat(t, ",") }
  end
  return inputs.t:withWatermark("ts", "1 minute"):groupBy("k"):transformWithState {
    outputSchema = "k STRING, what STRING, l STRING, m STRING, t STRING", outputMode = "update", timeMode = "eventTime",
    init = function(self, handle)
      self.handle = handle
      self.l = handle:listState("l", "n INT")
      self.m = handle:mapState("m", "n INT", "c INT")
    end,
    handleInputRows = function(self, key, rows, timers)
      for r in rows do
        self.l:appendValue { n = r.n }
        local at = { n = r.n % 3 }
        local old = self.m:containsKey(at) and self.m:getValue(at).c or 0
        self.m:updateValue(at, { c = old + 1 })
        if r.n == 7 then
          local all = {}
          for t in self.handle:listTimers() do all[#all + 1] = t end
          for _, t in ipairs(all) do self.handle:deleteTimer(t) end
          self.m:removeKey { n = 0 }
        else
          self.handle:registerTimer(r.ts + 10 * MINUTE)
          self.handle:registerTimer(r.ts + 10 * MINUTE)
        end
      end
      return { text(self, self.handle, key, "data") }
    end,
    handleExpiredTimer = function(self, key, timers, expired)
      local what = "timer " .. (expired:expiryTime() - START) // MINUTE
      local n = 0
      if self.l:exists() then for _ in self.l:get() do n = n + 1 end end
      if n > 2 then
        self.l:put { { n = 0 } }
        self.handle:registerTimer(timers:currentWatermark() + MINUTE)
      else
        self.l:clear(); self.m:clear()
      end
      return { text(self, self.handle, key, what) }
    end,
  }
end
