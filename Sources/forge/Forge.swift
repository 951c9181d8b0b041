import ArgumentParser
import CMalloc
import ForgeBasics

@main
struct Forge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forge",
    abstract: "Builds small, safe container images for Next.js and FastAPI, and proves it.",
    discussion: """
      Exit codes: 0 done, and the policy passed; 1 the policy failed, or a generated file is stale; 2 usage or \
      configuration; 3 the input cannot be read whole, or is ambiguous; 4 the container engine failed; 70 a defect in \
      forge.

      Examples:
        forge analyze .
        forge generate .
        forge build . --check-size
        forge check image.tar
      """,
    version: "forge \(ForgeVersion.current)",
    subcommands: [
      Analyze.self,
      Env.self,
      Context.self,
      Generate.self,
      Chart.self,
      Recipes.self,
      Build.self,
      Test.self,
      Lint.self,
      Inspect.self,
      Check.self,
      Rules.self,
      PolicyCommand.self,
      BaselineCommand.self,
      Diff.self,
      Cache.self,
      Hook.self,
      CI.self,
      Optimize.self,
      Verify.self,
    ])

  /// Every way out of the program passes here, so that the exit codes are forge's own.
  static func main() async {
    returnLargeMemory()
    StandardDescriptors.occupy()
    do {
      var command = try parseAsRoot(try ProgramArguments.get())
      guard type(of: command).configuration.subcommands.isEmpty else {
        // A group of commands is no command: who forgot its name has not been told that all is well.
        StandardError.print(helpMessage(for: type(of: command)))
        StandardError.print("\nforge: no command was given; name one of these")
        leave(.usage)
      }
      guard StandardDescriptors.hasRoom else { throw NoDescriptors() }
      // One for Swift's own tasks, and a few for what they wait for.
      guard Workers.canStart(4) else { throw NoThreads() }
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as any ForgeError {
      StandardError.print("forge: \(error)")
      leave(error.exitCode)
    } catch let status as ExitStatus {
      leave(status.code)
    } catch is CancellationError {
      StandardError.print("forge: interrupted")
      leave(.engineFailed)
    } catch {
      let message = fullMessage(for: error)
      switch exitCode(for: error) {
      case .success:
        // Help and version, asked for.
        do {
          try StandardOutput.write(message + "\n")
        } catch {
          StandardError.print("forge: \(error)")
          leave(.usage)
        }
      case .validationFailure:
        StandardError.print(message)
        leave(.usage)
      default:
        StandardError.print("forge: unexpected error, please report it: \(error)")
        leave(.defect)
      }
    }
  }

  /// Has lists of 1 MB and more go back to the system when they are freed. glibc would keep up to 32 MB of each for
  /// later, which is memory for nothing after an image of many names was read.
  private static func returnLargeMemory() {
    #if canImport(Glibc)
      mallopt(M_MMAP_THRESHOLD, 1 << 20)
    #endif
  }
}

/// Ends a command that has said all there is to say.
struct ExitStatus: Error {
  let code: ForgeBasics.ExitCode
}
