-- Counts the words of a folder of text files, one file a micro-batch.
-- usage: moontide run wordcount.lua [FOLDER]
local moontide = require "moontide"
local F = require "moontide.functions"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local session = moontide.session { appName = "wordcount" }

local folder = arg[1] or here .. "/data/poem"
local lines = session.readStream:option("maxFilesPerTrigger", 1):text(folder)
local words = lines:select(F.explode(F.split(lines.value, "\\s")):alias("word"))
local counts = words:groupBy("word"):count():orderBy(F.desc "count", "word"):limit(5)

counts.writeStream
  :format("console"):outputMode("complete")
  :trigger { availableNow = true }
  :start()
  :awaitTermination()
