import Contract
import Glibc
import Script

exit(CommandLineTool(Array(CommandLine.arguments.dropFirst())).run())
