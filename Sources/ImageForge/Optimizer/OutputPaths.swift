import ForgeBasics

extension Optimizer {
  /// Refuses outputs that would replace what is read, or each other, or lie in each other.
  /// - Parameters:
  ///   - outputs: files and folders that will be written.
  ///   - inputs: archives and layout folders that are read.
  /// - Throws: a usage error that names both.
  public static func checkOutputs(_ outputs: [String], inputs: [String]) throws {
    guard !outputs.contains("-") else {
      throw OptimizerError.usage(
        "what is written is read again, which standard output cannot be: name a file")
    }
    try OutputPaths.check(outputs, inputs: inputs)
  }
}

extension String {
  /// Whether an input of this name is standard input, which can be a file all the same.
  var isStandardInput: Bool { self == "-" }
}
