import ForgeBasics
import ForgeFindings

/// Why a codebase cannot be analysed.
public enum AnalysisError: ForgeError, Equatable {
  case notFound(path: String)
  case notAFolder(path: String)
  case unreadable(path: String, reason: String)
  case empty(path: String)
  /// Neither a Next.js nor a FastAPI application was found; `hint` says what came nearest, where something did.
  case noService(path: String, hint: String?)
  /// A manifest, lockfile or configuration that is not what its name says. `location` is `file:line`.
  case malformed(location: String, reason: String)
  /// `forge.yaml` says something about services that cannot be followed. `location` is `file:line`.
  case settings(location: String, reason: String)
  /// `limit` in bytes.
  case tooLarge(path: String, limit: Int)

  public var exitCode: ExitCode {
    switch self {
    case .notFound, .notAFolder, .empty, .noService, .settings: .usage
    case .unreadable, .malformed, .tooLarge: .unreadableInput
    }
  }

  public var remedy: String? {
    switch self {
    case .unreadable: "check its permissions"
    case .malformed: "mend the file, or make it again with the tool that wrote it"
    case .tooLarge: "check that it is what its name says"
    default: nil
    }
  }

  /// Where the file is, as `file` or `file:line`; nil where it is about the whole.
  package var location: String? {
    switch self {
    case .notFound, .notAFolder, .empty, .noService: nil
    case .unreadable(let path, _), .tooLarge(let path, _): path
    case .malformed(let location, _), .settings(let location, _): location
    }
  }

  /// What is wrong, without the place and the remedy.
  package var reason: String {
    switch self {
    case .unreadable(_, let reason): "it cannot be read (\(DisplayText.escape(reason)))"
    case .malformed(_, let reason), .settings(_, let reason): DisplayText.escape(reason)
    case .tooLarge(_, let limit): "it is larger than \(ByteCount.text(Int64(limit)))"
    case .notFound, .notAFolder, .empty, .noService: description
    }
  }

  public var description: String {
    let remedy = remedy.map { "; \($0)" } ?? ""
    return switch self {
    case .notFound(let path):
      "\(DisplayText.escape(path)): there is no such folder; check the path"
    case .notAFolder(let path):
      "\(DisplayText.escape(path)): is a file; give the folder that holds it"
    case .unreadable(let path, let reason):
      "\(DisplayText.escape(path)): cannot be read (\(DisplayText.escape(reason)))" + remedy
    case .empty(let path):
      "\(DisplayText.escape(path)): the folder is empty; give the folder of a Next.js or FastAPI application"
    case .noService(let path, let hint):
      "\(DisplayText.escape(path)): no Next.js or FastAPI application here: no package.json depends on next, and no "
        + "Python code or requirements use fastapi"
        + (hint.map { " (\(DisplayText.escape($0)))" } ?? "")
        + "; give the application's folder or one above it"
    case .malformed(let location, let reason):
      "\(DisplayText.escape(location)): \(DisplayText.escape(reason))" + remedy
    case .settings(let location, let reason):
      "\(DisplayText.escape(location)): \(DisplayText.escape(reason))"
    case .tooLarge(let path, let limit):
      "\(DisplayText.escape(path)): larger than the \(ByteCount.text(Int64(limit))) that such a file may have"
        + remedy
    }
  }
}

extension AnalysisError {
  package init(_ error: JSONError) {
    self = .malformed(location: error.location, reason: "column \(error.column): \(error.reason)")
  }
}

extension AnalysisError {
  /// A file of code that was passed over.
  /// - Parameter loss: what is not known for it.
  package func passedOver(_ path: String, id: FindingID, _ loss: String) -> Finding {
    let reason =
      switch self {
      case .unreadable(_, let reason): reason
      case .tooLarge(_, let limit): "larger than \(ByteCount.text(Int64(limit)))"
      default: description
      }
    return Finding(
      id: id, severity: .warning,
      message: "the file was not read (\(DisplayText.escape(reason))): \(loss) is not known",
      at: .source(file: path), fix: "make it readable, or take it out of the folder")
  }
}
