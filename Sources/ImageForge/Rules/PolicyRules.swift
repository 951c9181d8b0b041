import ForgeBasics
import ForgeInspection

/// What the policy itself gives cause to say of an image.
enum PolicyRules {
  /// Limits and assertions about what is not in the image: a name that is mistyped, or old, limits nothing.
  static func unmatched(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let visible = inspection.details.files.filter(\.visible)
    func hasFile(_ pattern: String) -> Bool {
      let pattern = PathPattern(pattern)
      return visible.contains { pattern.matches($0.path) }
    }
    func hasPackage(_ name: String) -> Bool {
      inspection.packages.contains {
        $0.kind == name || $0.name == name || "\($0.kind):\($0.name)" == name
      }
    }
    let paths = policy.pathLimits.map(\.name).filter { !hasFile($0) }
    let packages = policy.packageLimits.map(\.name).filter { !hasPackage($0) }
    let newest = policy.assertions.newest.map(\.path).filter { !hasFile($0) }
    return violations(paths, "size.paths", policy) + violations(packages, "size.packages", policy)
      + violations(newest, "assert.newest", policy)
  }

  private static func violations(_ names: [String], _ key: String, _ policy: Policy) -> [Violation]
  {
    names.map { name in
      Violation(
        message: "`\(DisplayText.escape(name))` under `\(key)` matches nothing in this image",
        at: policy.origins[key].map { .text($0) },
        fix: "write it as the image has it, or remove it", evidence: .source)
    }
  }
}
