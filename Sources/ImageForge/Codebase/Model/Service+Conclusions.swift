import ForgeFindings

extension Service {
  /// Adds a fact to the conclusions, or replaces the one of its key.
  /// - Parameter key: the path of the fact in the analysis, such as `runtime.version`.
  package mutating func conclude(_ key: String, _ fact: Fact<String?>) {
    conclusions.removeAll { $0.key == key }
    let index = conclusions.partitioningIndex { ProjectTree.precedes(key, $0.key) }
    conclusions.insert(fact.conclusion(key), at: index)
  }

  /// Adds a fact to the conclusions, or replaces the one of its key.
  package mutating func conclude(_ key: String, _ fact: Fact<String>) {
    conclude(key, fact.map(Optional.some))
  }

  /// Adds what migrates the database, where a file shows it.
  package mutating func conclude(_ migrations: Fact<Migrations>) {
    guard !migrations.evidence.isEmpty else { return }
    conclude("migrations", migrations.map(\.command))
  }

  /// Adds the kind of the service, and the framework that makes it one.
  package mutating func concludeFramework(at place: Place) {
    conclude("framework.name", .certain(framework.name, at: place))
    conclude(
      "kind", .certain(kind.rawValue, at: place, why: "it depends on \(framework.name)"))
  }

  /// Adds the databases that are known by the drivers among the dependencies.
  package mutating func concludeDatabases() {
    guard !databases.isEmpty else {
      conclude("databases", Fact(nil, .likely, why: "no dependency is a database driver"))
      return
    }
    conclude(
      "databases",
      Fact(
        databases.joined(separator: ", "), .likely, why: "the drivers among the dependencies"))
  }

  /// Adds the workspace that the service is a member of.
  /// - Parameter place: what counts the folder among the members.
  package mutating func concludeWorkspace(at place: Place) {
    guard let workspace else { return }
    conclude(
      "workspace.root",
      .certain(
        workspace.root, at: place,
        why: "the \(workspace.kind) workspace there counts this folder among its members"))
  }
}
