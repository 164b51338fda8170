-- expect: UNRESOLVED_COLUMN.WITH_SUGGESTION
-- expect: columns: StoreID
local moontide = require "moontide"
local session = moontide.session {}
local rows = session.readStream:schema("InvoiceNumber STRING, StoreID STRING"):json("retail")
local stores = rows:drop("InvoiceNumber")
stores:groupBy("InvoiceNumber"):count().writeStream:format("noop"):outputMode("complete"):start() -- here
