-- expect: UNRESOLVED_COLUMN.WITH_SUGGESTION
-- expect: Did you mean `StoreID`?
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local invoices = session.readStream:schema("InvoiceNumber STRING, StoreID STRING"):json("retail")
invoices:select("StoreId2").writeStream:format("noop"):start() -- here
