-- expect: UNSUPPORTED_OPERATION: A row cannot be changed.
-- expect: `row:asTable()` gives a table, which can.
local moontide = require "moontide"
local session = moontide.session {}

local invoices = session.read:json "retail/invoices-1.json"
local row = invoices:first()
row.StoreID = "elsewhere" -- here
