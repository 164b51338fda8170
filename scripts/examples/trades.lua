-- Bought and sold in windows of 15 minutes, as the trades come, one file a micro-batch.
-- A window closes when trades come 30 minutes after its end: the last trade of 10:14 is late.
local moontide = require "moontide"
local F = require "moontide.functions"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local session = moontide.session { appName = "trades" }

local trades = session.readStream
  :schema("CreatedTime TIMESTAMP, Type STRING, Amount DOUBLE, BrokerCode STRING")
  :option("maxFilesPerTrigger", 1)
  :json(here .. "/data/trades")

local totals = trades
  :withWatermark("CreatedTime", "30 minutes")
  :groupBy(F.window("CreatedTime", "15 minutes"))
  :agg(
    F.sum(F.when(trades.Type:eq "BUY", trades.Amount):otherwise(0)):alias "bought",
    F.sum(F.when(trades.Type:eq "SELL", trades.Amount):otherwise(0)):alias "sold")

totals:select("window.start", "window.end", "bought", "sold").writeStream
  :format("console"):outputMode("update")
  :trigger { availableNow = true }
  :start()
  :awaitTermination()
