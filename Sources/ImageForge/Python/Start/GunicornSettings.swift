import ForgeCodebase
import ForgePythonCode
import ForgeSyntax

/// What a configuration file of gunicorn says: Python that gunicorn executes, and forge reads.
enum GunicornSettings {
  /// Adds to a command what its options leave open.
  static func complete(
    _ command: PythonStartCommand, file written: String?, folder: String, _ index: PythonIndex
  ) -> PythonStartCommand {
    guard command.server == "gunicorn", let file = file(written, folder, index) else {
      return command
    }
    var command = command
    let scope = PythonScope(file: file, function: nil)
    func value(_ name: String) -> PythonPlace? {
      file.bindings[name]?.last.map { PythonPlace(expression: $0.value, scope: scope) }
    }
    if command.target == nil, let text = value("wsgi_app").flatMap({ index.text(of: $0) }) {
      command.target = .name(text)
    }
    if command.workers == nil { command.workers = value("workers")?.expression.integer }
    if command.port == nil, let bind = value("bind") {
      let text = index.text(of: bind) ?? bind.expression.elements?.first?.string
      command.port = text.flatMap { PythonStartCommand.port(ofAddress: $0) }
      if command.port != nil { command.location = bind.location }
    }
    return command
  }

  /// `gunicorn.conf.py` is what gunicorn looks for itself.
  private static func file(_ written: String?, _ folder: String, _ index: PythonIndex)
    -> PythonFile?
  {
    if let written, written.hasPrefix("python:") {
      let path = ProjectTree.join(folder, written.dropFirst(7).replacing(".", with: "/") + ".py")
      return index.files[path]
    }
    return ProjectPath.resolve(written ?? "gunicorn.conf.py", from: folder).flatMap {
      index.files[$0]
    }
  }
}
