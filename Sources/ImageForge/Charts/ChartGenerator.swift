import ForgeBasics
import ForgeTemplates
import ForgeWorkloads

/// Writes the files of a Helm chart. The same application gives the same bytes.
///
/// The templates stand in `recipes/chart` and are read by the same engine as those of Dockerfiles, with `<%` and `%>` for
/// forge's own tags, so that Helm's `{{` stand in them as they are.
package struct ChartGenerator {
  private let application: Application
  private let book: RecipeBook
  private let components: [ComponentValues]
  private let policies: PolicyValues

  package init(_ application: Application, book: RecipeBook = RecipeBook()) {
    self.application = application
    self.book = book
    let maker = ValuesMaker(application)
    components = maker.all
    policies = maker.policies
  }

  /// The chart's files, relative to its folder, sorted by path.
  package func files() throws(RecipeError) -> [GeneratedFile] {
    var files = [
      try file("Chart.yaml", skeleton), try file(".helmignore", skeleton, from: "helmignore"),
      try file("values.yaml", skeleton), try schema(),
      try file("templates/_helpers.tpl", skeleton, .helm),
      try file("templates/NOTES.txt", skeleton, .helm),
      try file("templates/serviceaccount.yaml", skeleton),
      try file("templates/networkpolicy.yaml", policies),
    ]
    for component in components { files += try self.files(of: component) }
    return files.sorted { $0.path < $1.path }
  }

  private func files(of component: ComponentValues) throws(RecipeError) -> [GeneratedFile] {
    var kinds = ["deployment"]
    if component.isOwner { kinds.append("config") }
    if component.ownsSecrets { kinds.append("secret") }
    if component.port != nil { kinds.append("service") }
    if component.mayScale { kinds.append("autoscaler") }
    if component.isPublic { kinds.append("ingress") }
    if component.ownsVolume { kinds.append("volume") }
    var files: [GeneratedFile] = []
    for kind in kinds {
      files.append(
        try file(
          "templates/\(component.short)-\(kind).yaml", component, from: "templates/\(kind).yaml"))
    }
    return files
  }

  private struct Skeleton {
    let name: String
    let description: String
    let components: [ComponentValues]
  }

  private var skeleton: Skeleton {
    let names = Set(application.components.map(\.service)).sorted().joined(separator: ", ")
    return Skeleton(
      name: HelmText.key(application.name),
      description: HelmText.quoted(String("Runs \(names)".prefix(200))), components: components)
  }

  private func file(
    _ path: String, _ values: Any, _ comment: Stamp.Comment = .hash, from source: String? = nil
  ) throws(RecipeError) -> GeneratedFile {
    let template = Template(file: "chart/\(source ?? path).mustache", book: book)
    let body = try template.render(values).drop { $0 == "\n" }
    return GeneratedFile(path: path, contents: Stamp.stamped(String(body), comment: comment))
  }

  /// JSON has no comments: the stamp is the first key.
  private func schema() throws(RecipeError) -> GeneratedFile {
    do {
      let text = try StableJSON.encode(ChartSchema(components))
      return GeneratedFile(
        path: "values.schema.json",
        contents: Stamp.stamped(String(text.dropFirst(2)), comment: .json))
    } catch {
      throw .brokenRecipe(file: "chart/values.schema.json", reason: "\(error)")
    }
  }
}
