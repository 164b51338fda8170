-- expect: DATATYPE_MISMATCH
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local invoices = session.readStream:schema("StoreID STRING, Items ARRAY<INT>"):json("retail")
local df = invoices:where(F.col "Items":gt(5)) -- here
df.writeStream:format("noop"):start()
