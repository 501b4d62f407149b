import CLIPCommandLine

ClipProgram.main(argumentCount: CommandLine.argc, arguments: CommandLine.unsafeArgv)
