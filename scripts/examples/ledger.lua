-- The balance of a ledger after each trade: a running total looks back over all rows, so it is for
-- data that ends. The same total over a stream is a function with state (`sessions.lua` has one).
local moontide = require "moontide"
local F = require "moontide.functions"
local W = require "moontide.window"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local session = moontide.session { appName = "ledger" }

local trades = session.read
  :schema("CreatedTime TIMESTAMP, Type STRING, Amount DOUBLE, BrokerCode STRING")
  :json(here .. "/data/trades")

local change = F.when(trades.Type:eq "BUY", trades.Amount):otherwise(-trades.Amount)
local inOrder = W.partitionBy("BrokerCode"):orderBy("CreatedTime")
local soFar = inOrder:rowsBetween(W.unboundedPreceding, W.currentRow)

trades
  :withColumn("Balance", F.sum(change):over(soFar))
  :withColumn("Before", F.lag("CreatedTime"):over(inOrder))
  :select("CreatedTime", "Type", "Amount", "Balance",
    (F.unix_timestamp "CreatedTime" - F.unix_timestamp "Before"):alias "SecondsSince")
  :orderBy("CreatedTime")
  :show()

trades:groupBy("BrokerCode"):pivot("Type", { "BUY", "SELL" }):sum("Amount"):show()
