import ForgeBasics

/// Where a finding lies. Reports, SARIF, GitLab, JUnit and edits are views of it; none of them reads a text back.
public enum Place: Hashable, Sendable {
  /// A file of the project, with its line from 1 where one is meant. The path is relative to the analysed folder.
  case source(file: String, line: Int? = nil)
  /// A layer of the image, counted from 0, with a path in it and a line of that file where they are meant.
  case layer(_ index: Int, path: [UInt8]? = nil, line: Int? = nil)
  /// A path in the root filesystem of the image, whichever layer it comes from.
  case file(_ path: [UInt8])
  /// Files of one owner or of one pattern, such as `npm` or `app/.next`, as a policy names them.
  case group(_ name: String)
  /// A field of the image's config (OCI image-spec, config.md).
  case config(_ field: ConfigField)
  /// A step of the image's history, counted from 0 as it stands in the config.
  case history(_ step: Int)
  /// A member or document of the archive that the image was read from, such as `manifest sha256:…`.
  case archive(_ part: String)
  /// A place of which only the text is known, such as one that was read back from forge's JSON.
  case text(String)

  /// The fields of an image's config that findings are about, spelled as the config spells them.
  public enum ConfigField: String, Hashable, Sendable, Codable, CaseIterable {
    case user = "User"
    case environment = "Env"
    case command = "Cmd"
    case entrypoint = "Entrypoint"
    case workingDirectory = "WorkingDir"
    case exposedPorts = "ExposedPorts"
    case volumes = "Volumes"
    case labels = "Labels"
    case healthcheck = "Healthcheck"
    case onBuild = "OnBuild"
    case author
    case history
  }

  /// A path in a layer that is at hand as text.
  public static func layer(_ index: Int, path: String, line: Int? = nil) -> Place {
    .layer(index, path: Array(path.utf8), line: line)
  }

  /// A path in the root filesystem that is at hand as text.
  public static func file(_ path: String) -> Place { .file(Array(path.utf8)) }
}

extension Place {
  /// The line, from 1, where the place has one.
  public var line: Int? {
    switch self {
    case .source(_, let line), .layer(_, _, let line): line
    case .file, .group, .config, .history, .archive, .text: nil
    }
  }

  /// The path in the image, with control characters escaped, where the place is a file of the image.
  public var imagePath: String? {
    switch self {
    case .layer(_, let path?, _), .file(let path): DisplayText.escape(path)
    case .source, .layer, .group, .config, .history, .archive, .text: nil
    }
  }

  /// The file of the project, where the place is one.
  public var sourceFile: String? {
    if case .source(let file, _) = self { file } else { nil }
  }
}

/// The form that people read: `app/main.py:3`, `layer 2: etc/passwd`, `config.User`, `history[4]`.
extension Place: CustomStringConvertible {
  public var description: String {
    switch self {
    case .source(let file, let line): Self.text(file, line)
    case .layer(let index, let path?, let line):
      "layer \(index): " + Self.text(DisplayText.escape(path), line)
    case .layer(let index, nil, _): "layer \(index)"
    case .file(let path): DisplayText.escape(path)
    case .group(let name): DisplayText.escape(name)
    case .config(let field): "config.\(field.rawValue)"
    case .history(let step): "history[\(step)]"
    case .archive(let part), .text(let part): part
    }
  }

  private static func text(_ path: String, _ line: Int?) -> String {
    guard let line else { return path }
    return "\(path):\(line)"
  }
}

extension Place: Codable {}

extension SourceText {
  /// The line of an offset in bytes.
  public func place(at offset: Int) -> Place { .source(file: name, line: line(at: offset)) }

  /// A line of this text, from 1.
  public func place(line: Int) -> Place { .source(file: name, line: line) }
}
