/// Finds calls of imported names that a module makes when it is loaded: clients that are made there.
enum JSImportedCalls {
  private struct Name {
    let module: String
    let imported: String
  }

  static func find(in tree: JSTokenTree) -> [JSEnvironmentFacts.ImportedCall] {
    let names = importedNames(tree)
    guard !names.isEmpty else { return [] }
    var found: [JSEnvironmentFacts.ImportedCall] = []
    // What calls more of them is no source that people write.
    var calls = 0
    for index in tree.tokens.indices
    where tree.tokens[index].kind == .identifier && !tree.isDot(index - 1) {
      guard let name = names[tree.text(index)] else { continue }
      var open = index + 1
      var member = ""
      if tree.isDot(open), tree.token(open + 1).kind == .identifier {
        member = tree.text(open + 1)
        open += 2
      }
      open = afterTypeArguments(tree, open)
      let isNew = tree.isWord(index - 1, "new")
      guard tree.isPunctuator(open, "(") || isNew else { continue }
      calls += 1
      guard calls < 4_000, found.count < 1_000 else { break }
      guard tree.isAtLoad(index) else { continue }
      found.append(call(tree, name, index, open: open, member: member))
    }
    return found
  }

  private static func call(
    _ tree: JSTokenTree, _ name: Name, _ index: Int, open: Int, member: String
  ) -> JSEnvironmentFacts.ImportedCall {
    var close = open
    var count = 0
    var keys: Set<String>? = []
    if tree.isPunctuator(open, "(") {
      close = max(open, tree.partner[open])
      if close > open + 1 {
        count = 1 + tree.children(of: open).count { tree.isPunctuator($0, ",") }
        keys = self.keys(tree, open + 1)
      }
    }
    return JSEnvironmentFacts.ImportedCall(
      module: name.module, imported: name.imported, member: member,
      range: tree.token(index)
        .offset..<max(
          tree.token(index).offset, tree.token(close).range.upperBound),
      argumentCount: count, keys: keys)
  }

  /// `new Client<Types>(…)`
  private static func afterTypeArguments(_ tree: JSTokenTree, _ index: Int) -> Int {
    guard tree.isPunctuator(index, "<") else { return index }
    let close = (index..<min(index + 40, tree.tokens.count)).first {
      tree.isPunctuator($0, ">") && tree.isPunctuator($0 + 1, "(")
    }
    return close.map { $0 + 1 } ?? index
  }

  /// The keys of an object that is written out; nil for anything else, and where it takes over others.
  private static func keys(_ tree: JSTokenTree, _ open: Int) -> Set<String>? {
    guard tree.isPunctuator(open, "{") else { return nil }
    var keys: Set<String> = []
    for index in tree.children(of: open) {
      if tree.isPunctuator(index, "...") { return nil }
      let isKey = tree.isOneOf(index - 1, ["{", ","])
      if isKey, tree.tokens[index].kind == .identifier { keys.insert(tree.text(index)) }
      if isKey, let text = tree.string(index) { keys.insert(text) }
    }
    return keys
  }

  /// Names by which a module knows what it imports.
  private static func importedNames(_ tree: JSTokenTree) -> [String: Name] {
    var names: [String: Name] = [:]
    for index in tree.tokens.indices where tree.isWord(index, "from") {
      guard let module = tree.string(index + 1), !module.hasPrefix(".") else { continue }
      var at = index - 1
      let limit = max(0, index - 400)
      while at >= limit, !tree.isWord(at, "import") { at -= 1 }
      guard at >= limit else { continue }
      for place in (at + 1)..<index where tree.tokens[place].kind == .identifier {
        if tree.isWord(place, in: ["as", "type"]) { continue }
        let isInBraces = tree.parent[place] > at
        var imported = "default"
        if isInBraces { imported = tree.text(place) }
        if tree.isWord(place - 1, "as") {
          imported = "*"
          if isInBraces { imported = tree.text(place - 2) }
        }
        names[tree.text(place)] = Name(module: module, imported: imported)
      }
    }
    return names.merging(requiredNames(tree)) { first, _ in first }
  }

  /// `const Stripe = require("stripe")` and `const { Resend } = require("resend")`.
  private static func requiredNames(_ tree: JSTokenTree) -> [String: Name] {
    var names: [String: Name] = [:]
    for index in tree.calls["require"] ?? [] {
      guard let module = tree.string(index + 2), tree.isPunctuator(index - 1, "=") else { continue }
      let before = index - 2
      if tree.token(before).kind == .identifier {
        names[tree.text(before)] = Name(module: module, imported: "default")
      } else if tree.isPunctuator(before, "}") {
        for place in tree.partner[before]..<before where tree.tokens[place].kind == .identifier {
          names[tree.text(place)] = Name(module: module, imported: tree.text(place))
        }
      }
    }
    return names
  }
}
