import Foundation

/// What a build must know of the engine's store, and put right there when it fails. Undoing must not be cut short by
/// the cancellation that it answers, so it runs in tasks of its own.
extension Engine {
  /// What a name in the store stands for.
  package enum StoredImage: Sendable, Equatable {
    case absent
    case id(String)
    /// The engine did not say, or the work was cancelled.
    case unknown
  }

  /// The ID by which the engine keeps an image; nil where it does not say.
  package func imageID(_ reference: String) async -> String? {
    if case .id(let id) = await storedImage(reference) { id } else { nil }
  }

  package func storedImage(_ reference: String) async -> StoredImage {
    guard ImageName.isPlausible(reference) else { return .absent }
    guard let reply = try? await command(imageIDArguments(reference)).reply(),
      reply.ending.stop == nil
    else {
      return .unknown
    }
    let id = reply.output.trimmingCharacters(in: .whitespacesAndNewlines)
    if reply.ending.isSuccess {
      guard !id.isEmpty else { return .unknown }
      return .id(id)
    }
    let says = reply.errorOutput.lowercased()
    guard says.contains("no such image") || says.contains("image not known") else {
      return .unknown
    }
    return .absent
  }

  /// Makes a tag stand for what it stood for before, or removes it. Does nothing where that is unknown.
  package func restoreTag(_ tag: String, to before: StoredImage) async {
    let name = storeName(tag)
    await Task {
      let now = await storedImage(name)
      switch (before, now) {
      case (.absent, .id): _ = try? await command(["rmi", name]).reply()
      case (.id(let before), .id(let now)) where before != now:
        _ = try? await command(["tag", before, name]).reply()
      case (.id(let before), .absent): _ = try? await command(["tag", before, name]).reply()
      default: break
      }
    }.value
  }

  /// The working containers of builds, running ones of others included. Nil when the engine does not say.
  func workingContainers() async -> Set<String>? {
    guard let arguments = containerListArguments else { return [] }
    guard let reply = try? await command(arguments).reply(), reply.ending.isSuccess else {
      return nil
    }
    return Set(reply.output.split(whereSeparator: \.isWhitespace).map(String.init))
  }

  /// Removes the working containers that a killed build left, and returns those that it could not. A container does
  /// not tell whose it is, so none is touched while another build may be using the store.
  func removeContainers(since before: Set<String>?) async -> [String] {
    guard let before else { return [] }
    return await Task {
      let new = (await workingContainers() ?? []).subtracting(before).sorted()
      guard !new.isEmpty else { return [] }
      guard !othersAreBuilding() else { return new }
      _ = try? await command(Self.removal(by: kind) + new).reply()
      return (await workingContainers() ?? []).intersection(new).sorted()
    }.value
  }

  /// What makes a tag stand for what it stands for now, or removes it.
  package func undoing(_ tag: String) async -> @Sendable () async -> Void {
    let before = await storedImage(storeName(tag))
    return { await restoreTag(tag, to: before) }
  }

  /// The working containers that are there now, for `sweep`.
  package func containersBefore() async -> Set<String>? { await workingContainers() }

  /// Removes what several builds left that ran side by side, once all have ended, and returns what stays.
  package func sweep(since before: Set<String>?) async -> [String] {
    await removeContainers(since: before)
  }

  /// Whether a buildah or podman that is not ours runs on the same store.
  private func othersAreBuilding() -> Bool {
    let store = environment["CONTAINERS_STORAGE_CONF"]
    return ProcessTable.processIDs().contains { pid in
      guard let name = ProcessTable.read("comm", of: pid) else { return false }
      guard
        ["buildah", "podman"].contains(
          String(decoding: name, as: UTF8.self).trimmingCharacters(in: .newlines))
      else { return false }
      // Unreadable: a process of another user, who has another store.
      guard let variables = ProcessTable.read("environ", of: pid) else { return false }
      let prefix = "CONTAINERS_STORAGE_CONF="
      let theirs = variables.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        .first { $0.hasPrefix(prefix) }
      return theirs.map { String($0.dropFirst(prefix.count)) } == store
    }
  }

  private func command(_ arguments: [String]) -> EngineCommand {
    EngineCommand(program: path, arguments: arguments, environment: environment)
  }
}
