import Glibc
import Script

// A reader that went away (`moontide run … | head`) shows as a write error, not as a signal.
signal(SIGPIPE, SIG_IGN)
ScriptHost.runProcess { CommandLineTool.run(Array(CommandLine.arguments.dropFirst())) }
