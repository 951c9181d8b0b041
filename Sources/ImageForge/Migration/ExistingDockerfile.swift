import ForgeBasics
import ForgeTemplates

/// What a Dockerfile that was written by hand decides, for `forge generate --from-existing`: what forge cannot know
/// better, such as the base's version, the port, labels and settings. Its structure is not kept.
public struct ExistingDockerfile: Sendable, Equatable {
  /// Something that the file decides.
  public struct Decision: Codable, Sendable, Equatable {
    /// Of the file.
    public let line: Int
    /// The instruction, or the part of it: `EXPOSE 9000`.
    public let text: String
    /// Why it was not kept; nil for what was.
    public let reason: String?
  }

  /// Relative to the analysed root.
  public let path: String
  /// In the order of the file.
  public internal(set) var kept: [Decision] = []
  public internal(set) var dropped: [Decision] = []

  package internal(set) var base = Base()
  package internal(set) var server = Server()
  package internal(set) var packages = Packages()
  package internal(set) var lines = Lines()
  /// In the order of the file.
  package internal(set) var steps: [ExistingStep] = []
  /// The instructions that were kept, as a Dockerfile: what the generated file remembers.
  var memory: [Line] = []

  init(path: String) { self.path = path }
}

/// A value that the file decides, and the line of the file that does.
package struct Kept<Value: Sendable & Equatable>: Sendable, Equatable {
  package let value: Value
  package let line: Int

  init(_ value: Value, _ line: Int) {
    self.value = value
    self.line = line
  }
}

extension ExistingDockerfile {
  /// An instruction, or a part of one, and the line of the file that it is from.
  package struct Line: Sendable, Equatable {
    package let text: String
    package let number: Int
  }

  /// Which image the new one stands on. Where nothing is decided, the recipe's own choice.
  package struct Base: Sendable, Equatable {
    /// The image of the service's own runtime, in full, where forge builds on the same kind of image.
    package var image: String?
    package var choice: BaseChoice?
    package var runtimeVersion: String?
    package var line = 0

    /// Whether an image of the file is kept, or its version.
    package var isDecided: Bool { line > 0 }

    package var isNamed: Bool { if case .named = choice { true } else { false } }

    /// Whether forge knows that the image has a shell.
    var hasShell: Bool { choice == nil || choice == .slim || choice == .alpine }
  }

  /// How the server runs.
  package struct Server: Sendable, Equatable {
    package var port: Kept<Int>?
    /// `UID:GID`.
    package var user: Kept<String>?
    package var healthPath: Kept<String>?
    /// Flags of HEALTHCHECK, as `--interval=7s`.
    package var healthFlags: [String] = []
    /// What stands in front of the command: an init process, a script of the project's.
    package var entrypoint: Kept<[String]>?
    /// The words that the server is started with.
    package var command: Kept<[String]>?
    /// Options of node itself.
    package var nodeOptions: Kept<[String]>?
  }

  /// Packages of distributions: Debian's for the recipes' own steps, Alpine's with the lines that name them.
  package struct Packages: Sendable, Equatable {
    package var build: [String] = []
    package var runtime: [String] = []
    package var alpineBuild: [Line] = []
    package var alpineRuntime: [Line] = []

    package var hasDebian: Bool { !build.isEmpty || !runtime.isEmpty }

    /// The names of those that the image itself holds.
    var inImage: [String] { runtime + alpineRuntime.map(\.text) }
  }

  /// Instructions that are kept as they are.
  package struct Lines: Sendable, Equatable {
    /// For the build stage.
    package var build: [Line] = []
    /// For the last stage.
    package var final: [Line] = []
    /// Defaults of build arguments that forge declares anyhow, by their names.
    package var arguments: [String: Line] = [:]
  }

  /// The line of the first decision that begins with `start`.
  package func line(of start: String) -> Int {
    kept.first { $0.text.hasPrefix(start) }?.line ?? 0
  }

  /// The name of an image without registry, path, tag and digest: `python`.
  package static func family(_ image: String) -> String {
    let last = image.prefix { $0 != "@" }.split(separator: "/").last ?? ""
    return String(last.prefix { $0 != ":" })
  }
}

// MARK: Memory

extension ExistingDockerfile {
  private static let mark = "# forge:decided "

  /// The comment lines by which the generated file remembers what it keeps.
  package var memoryComments: String {
    memory.map { "\(Self.mark)\($0.number) \($0.text)\n" }.joined()
  }

  /// The instructions that a generated file remembers, with the lines that they had; empty for other files.
  static func remembered(by text: String) -> [Line] {
    text.split(separator: "\n").filter { $0.hasPrefix(mark) }.compactMap { line in
      let rest = line.dropFirst(mark.count)
      guard let number = Int(rest.prefix { $0 != " " }), let space = rest.firstIndex(of: " ") else {
        return nil
      }
      return Line(text: String(rest[rest.index(after: space)...]), number: number)
    }
  }
}
