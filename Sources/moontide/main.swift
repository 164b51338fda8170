import Glibc

// A reader that went away (`moontide run … | head`) shows as a write error, not as a signal.
signal(SIGPIPE, SIG_IGN)
exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
