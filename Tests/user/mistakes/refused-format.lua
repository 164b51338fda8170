-- expect: the format `xml` is not supported
local moontide = require "moontide"
local session = moontide.session {}
session.read:format("xml"):load("retail"):show() -- here
