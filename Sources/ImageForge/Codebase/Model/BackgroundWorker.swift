/// A process that the code of a service runs beside the server: a queue's worker or a scheduler.
public struct BackgroundWorker: Codable, Sendable, Equatable {
  /// `celery`, `arq`, `taskiq`, `dramatiq`, `rq`.
  public var tool: String
  /// As typed in the service's folder: `celery -A app.tasks:celery worker`.
  public var command: String
  /// `file:line` of the queue's object, or of the line that starts it.
  public var source: String

  public init(tool: String, command: String, source: String) {
    self.tool = tool
    self.command = command
    self.source = source
  }
}
