return function(session, inputs, F)
  return inputs.t:withWatermark("ts", "2 minutes"):groupBy("k"):flatMapGroupsWithState({
    outputSchema = "k STRING, n BIGINT, w BIGINT, what STRING", stateSchema = "n BIGINT", outputMode = "update", timeout = "eventTime",
  }, function(key, rows, state)
    local watermark = state:currentWatermark()
    if state:hasTimedOut() then
      local n = state:get().n
      if n >= 2 then
        state:update { n = n - 2 }
        state:setTimeoutTimestamp(watermark + 60000000)
      else
        state:remove()
      end
      return { { key.k, n, watermark // 1000, "timeout" } }
    end
    local n = state:exists() and state:get().n or 0
    for _ in rows do n = n + 1 end
    state:update { n = n }
    if n ~= 5 then state:setTimeoutTimestamp(watermark + 600000000) end
    return { { key.k, n, watermark // 1000, "data" } }
  end)
end
