import ForgeWorkloads

/// What the components of an application are called in its chart.
struct ChartNames {
  /// Behind the release's name: the component's name without the words that are the application's.
  private(set) var short: [String: String] = [:]
  /// In values.yaml: `todoBackend`.
  private(set) var key: [String: String] = [:]

  init(_ application: Application) {
    let names = application.components.map(\.name)
    let prefix = application.name + "-"
    var shorts = names.map { name in
      guard name.hasPrefix(prefix),
        name.utf8[name.utf8.index(name.startIndex, offsetBy: prefix.utf8.count)].isLetter
      else { return name }
      return String(name.dropFirst(prefix.count))
    }
    if Set(shorts).count < names.count { shorts = names }
    var taken: Set<String> = Self.reserved
    for (name, short) in zip(names, shorts) {
      self.short[name] = short
      var key = Self.camelCase(short)
      while !taken.insert(key).inserted { key += "X" }
      self.key[name] = key
    }
  }

  /// What values.yaml has beside the components; `global` is Helm's.
  private static let reserved: Set<String> = [
    "global", "imageRegistry", "imagePullPolicy", "imagePullSecrets", "fullnameOverride",
    "serviceAccount", "ingress", "networkPolicy",
  ]

  /// Without hyphens, which Helm's templates take for a minus.
  private static func camelCase(_ label: String) -> String {
    let words = label.split(separator: "-")
    let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
    return ([String(words.first ?? "")] + rest).joined()
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
}
