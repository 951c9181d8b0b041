import Crypto
import ForgeBasics
import ForgeCatalogue
import ForgeInspection
import Foundation

/// One HTML file that stands alone: no request leaves it, it reads the same without its script, and its size is bounded
/// whatever the image holds.
extension Report {
  private static let findingRows = 500
  private static let wasteRows = 200
  private static let packageRows = 100

  func html() -> String {
    let style = Catalogue.text("report/report.css") ?? ""
    let script = Catalogue.text("report/report.js") ?? ""
    let hash = Data(SHA256.hash(data: Data(script.utf8))).base64EncodedString()
    var title = "\(subjects.count) images"
    if subjects.count == 1 { title = subjects[0].name }
    // The policy lets nothing in but the style and the script of this file, whatever a name in it may try.
    var out = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
      script-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>forge \(Self.xml(command)): \(Self.xml(title))</title>
      <style>\(style)</style>
      </head>
      <body>
      <a class="skip" href="#s0">Skip to the report</a>
      <header><h1>forge \(Self.xml(command))</h1>\(contents)</header>
      <main>

      """
    for (index, subject) in subjects.enumerated() { out += Self.section(subject, index) }
    out +=
      "</main>\n<footer>forge \(ForgeVersion.current). 1 MB is 10<sup>6</sup> bytes. stored: the bytes of regular "
    out +=
      "files over all layers; rootfs: what of it a container sees; wasted = stored − rootfs.</footer>\n"
    out += "<script>\(script)</script>\n</body>\n</html>\n"
    return out
  }

  private var contents: String {
    guard subjects.count > 1 else { return "" }
    let links = subjects.enumerated().map { index, subject in
      "<li><a href=\"#s\(index)\">\(Self.xml(subject.name))</a> \(Self.badge(subject))</li>"
    }
    return "<nav><ul>\(links.joined())</ul></nav>"
  }

  private static func badge(_ subject: Subject) -> String {
    switch subject.passed {
    case true: "<span class=\"badge good\">passed</span>"
    case false: "<span class=\"badge bad\">failed</span>"
    case nil: "<span class=\"badge\">not judged</span>"
    }
  }

  private static func section(_ subject: Subject, _ index: Int) -> String {
    var out =
      "<article id=\"s\(index)\" tabindex=\"-1\">\n<h2>\(xml(subject.name)) \(badge(subject))</h2>\n"
    out += "<p class=\"lead\">\(xml(subject.headline))</p>\n"
    let facts = [("digest", subject.digest?.description), ("platform", subject.platform)]
      .compactMap { name, value in value.map { "<dt>\(name)</dt><dd><code>\(xml($0))</code></dd>" }
      }
    if !facts.isEmpty { out += "<dl>\(facts.joined())</dl>\n" }
    if let inspection = subject.inspection { out += sizes(inspection) }
    out += findings(subject)
    if let inspection = subject.inspection {
      out += layers(inspection)
      out += files(inspection)
      out += waste(inspection)
      out += packages(inspection)
    }
    return out + "</article>\n"
  }

  private static func sizes(_ inspection: Inspection) -> String {
    let sizes = inspection.sizes
    let rows = [
      ("stored", sizes.stored), ("rootfs", sizes.rootfs), ("wasted", sizes.wasted),
      ("unpacked", sizes.unpacked),
      ("compressed", sizes.compressed),
    ]
    return "<ul class=\"sizes\">"
      + rows.map { "<li><b>\(ByteCount.text($0.1))</b> \($0.0)</li>" }.joined() + "</ul>\n"
  }

  private static func findings(_ subject: Subject) -> String {
    var out = "<section><h3>Findings</h3>\n"
    if subject.findings.isEmpty { return out + "<p>None.</p></section>\n" }
    out += "<ul class=\"findings\">\n"
    for finding in subject.findings.prefix(findingRows) {
      out +=
        "<li class=\"\(finding.severity.rawValue)\"><span class=\"badge \(finding.severity.rawValue)\">"
      out +=
        "\(finding.severity.rawValue)</span> <b>\(xml(finding.id.rawValue))</b> \(xml(short(finding.message)))"
      if let location = finding.location {
        out += "<br><span class=\"where\">at <code>\(xml(short(location)))</code></span>"
      }
      if let fix = finding.remedy {
        out += "<br><span class=\"fix\">fix: \(xml(short(fix)))</span>"
      }
      out += "</li>\n"
    }
    out += "</ul>\n"
    let more = subject.findings.count - findingRows
    if more > 0 { out += "<p>\(more) more findings are in the JSON report.</p>\n" }
    return out + "</section>\n"
  }

  /// The stack, the top layer first, as it lies on the base.
  private static func layers(_ inspection: Inspection) -> String {
    let largest = max(1, inspection.layers.map(\.stored).max() ?? 1)
    var out =
      "<section><h3>Layers</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Layers\">"
    out +=
      "<table><thead><tr><th>#</th><th class=\"wide\">kept and wasted</th><th class=\"n\">stored</th>"
    out += "<th class=\"n\">wasted</th><th class=\"n\">compressed</th><th class=\"n\">files</th>"
    out += "<th>created by</th></tr></thead><tbody>\n"
    for layer in inspection.layers.reversed() {
      let kept = percent(layer.stored - layer.wasted, of: largest)
      let wasted = percent(layer.wasted, of: largest)
      out +=
        "<tr><td class=\"n\"><span class=\"key l\(layer.index % 8)\"></span>\(layer.index)</td>"
      out += "<td><div class=\"bar\"><i class=\"l\(layer.index % 8)\" style=\"width:\(kept)%\"></i>"
      if layer.wasted > 0 { out += "<i class=\"lost\" style=\"width:\(wasted)%\"></i>" }
      out += "</div></td>" + cell(layer.stored) + cell(layer.wasted) + cell(layer.compressed)
      out +=
        "<td class=\"n\">\(layer.files)</td><td><code>\(xml(short(BuildStep.short(layer.createdBy ?? "unknown"))))"
      out += "</code></td></tr>\n"
    }
    return out + "</tbody></table></div></section>\n"
  }

  private static func files(_ inspection: Inspection) -> String {
    let tree = FolderTree(inspection)
    guard tree.nodes[0].bytes > 0 else { return "" }
    var out = "<section><h3>Files of the root filesystem</h3>\n"
    out +=
      "<p>Each area is a file's bytes; the colour is its layer, as in the table above. What is too small to be drawn by itself is drawn together.</p>\n"
    out += "<div class=\"scroll\">"
    out +=
      "<svg class=\"map\" viewBox=\"0 0 1000 560\" role=\"group\" aria-label=\"Treemap of the bytes; the table below "
    out += "says the same\">\n"
    for tile in Treemap(tree, width: 1000, height: 560).tiles { out += drawing(tile, tree) }
    out += "</svg></div>\n<p class=\"status\" role=\"status\"></p>\n"
    var rows = 0
    out += "<div class=\"tree\">" + folder(0, tree, depth: 0, &rows) + "</div>\n"
    return out + "</section>\n"
  }

  private static func drawing(_ tile: Treemap.Tile, _ tree: FolderTree) -> String {
    let node = tree.nodes[tile.node]
    let box = tile.box
    let path = xml(short(tree.path(tile.node)))
    let kind = if node.children.isEmpty { "layer \(node.layer)" } else { "\(node.files) files" }
    let layer = tile.rest?.layer ?? node.layer
    let words =
      tile.rest.map { "\($0.count) smaller in \(path), \(ByteCount.text($0.bytes))" }
      ?? "\(path), \(ByteCount.text(node.bytes)), \(kind)"
    let colour = if tile.isOpen { "open" } else { "l\(layer % 8)" }
    var out = "<g class=\"\(colour)\"><title>\(words)</title>"
    out +=
      "<rect x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\" height=\"\(number(box.height))\"/>"
    let room = Int((box.width - 6) / 6.6)
    if room >= 4, box.height >= 14 {
      let name = TextLayout.cut(
        tile.rest.map { "\($0.count) smaller" } ?? DisplayText.escape(node.name), to: room)
      out += "<text x=\"\(number(box.x + 4))\" y=\"\(number(box.y + 12))\">\(xml(name))</text>"
    }
    return out + "</g>\n"
  }

  /// The same as nested lists, which a keyboard opens and a screen reader reads.
  private static func folder(_ index: Int, _ tree: FolderTree, depth: Int, _ rows: inout Int)
    -> String
  {
    let node = tree.nodes[index]
    rows += 1
    let label =
      "<span class=\"n\">\(ByteCount.text(node.bytes))</span> "
      + "<code>\(xml(short(index == 0 ? "/" : DisplayText.escape(node.name))))</code>"
    let shown = node.children.prefix(12).prefix {
      tree.nodes[$0].bytes * 200 >= tree.nodes[0].bytes
    }
    guard !shown.isEmpty, depth < 8, rows < 600 else { return "<div class=\"leaf\">\(label)</div>" }
    var out = "<details\(depth == 0 ? " open" : "")><summary>\(label)</summary>"
    for child in shown { out += folder(child, tree, depth: depth + 1, &rows) }
    let rest = node.children.count - shown.count
    if rest > 0 {
      let bytes = node.bytes - shown.reduce(0) { $0 + tree.nodes[$1].bytes }
      out +=
        "<div class=\"leaf\"><span class=\"n\">\(ByteCount.text(bytes))</span> in \(rest) smaller</div>"
    }
    return out + "</details>"
  }

  private static func waste(_ inspection: Inspection) -> String {
    var out = "<section><h3>Waste by cause</h3>\n"
    guard !inspection.waste.isEmpty else { return out + "<p>Nothing is wasted.</p></section>\n" }
    var causes: [WasteCause: (bytes: Int64, count: Int)] = [:]
    for row in inspection.waste {
      causes[row.cause, default: (0, 0)].bytes += row.bytes
      causes[row.cause, default: (0, 0)].count += 1
    }
    let sorted = causes.sorted {
      ($1.value.bytes, $0.key.rawValue) < ($0.value.bytes, $1.key.rawValue)
    }
    let largest = max(1, sorted.first?.value.bytes ?? 1)
    out += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Waste by cause\">"
    out +=
      "<table><thead><tr><th>cause</th><th class=\"wide\"></th><th class=\"n\">bytes</th><th class=\"n\">files</th>"
    out += "<th>what happened</th></tr></thead><tbody>\n"
    for (cause, sum) in sorted {
      out += "<tr><td>\(cause.rawValue)</td><td><div class=\"bar\"><i class=\"lost\" "
      out += "style=\"width:\(percent(sum.bytes, of: largest))%\"></i></div></td>\(cell(sum.bytes))"
      out += "<td class=\"n\">\(sum.count)</td><td>\(explanation(cause))</td></tr>\n"
    }
    let shown = inspection.waste.prefix(wasteRows)
    out +=
      "</tbody></table></div>\n<details><summary>The largest \(shown.count) of \(inspection.waste.count) wasted files"
    out +=
      "</summary>\n<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th class=\"n\">bytes</th><th>cause</th><th>layer</th><th>hidden by</th>"
    out += "<th>path</th></tr></thead><tbody>\n"
    for row in shown {
      out +=
        "<tr>\(cell(row.bytes))<td>\(row.cause.rawValue)</td><td>\(row.layer)</td><td>\(row.hiddenBy)</td>"
      out += "<td><code>/\(xml(short(DisplayText.escape(row.path))))</code></td></tr>\n"
    }
    return out + "</tbody></table></div></details></section>\n"
  }

  private static func packages(_ inspection: Inspection) -> String {
    guard !inspection.packages.isEmpty else { return "" }
    let shown = inspection.packages.prefix(packageRows)
    var out =
      "<section><h3>Packages</h3>\n<details><summary>The largest \(shown.count) of \(inspection.packages.count)"
    out +=
      "</summary>\n<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th class=\"n\">bytes</th><th>kind</th><th>name</th><th>version</th></tr>"
    out += "</thead><tbody>\n"
    for package in shown {
      out += "<tr>\(cell(package.bytes))<td>\(xml(package.kind))</td>"
      out += "<td>\(xml(short(DisplayText.escape(package.name))))</td>"
      out += "<td>\(xml(short(DisplayText.escape(package.version))))</td></tr>\n"
    }
    return out + "</tbody></table></div></details></section>\n"
  }

  private static func explanation(_ cause: WasteCause) -> String {
    switch cause {
    case .overwritten: "a later layer has other content at the path"
    case .metadataOnly: "a later layer has the same content with another mode, owner or time"
    case .identical: "a later layer has the same file once more"
    case .deletedFile: "a later layer deletes the file"
    case .deletedDirectory: "a later layer deletes a folder above it"
    case .opaque: "a later layer replaces the folder as a whole"
    case .replacedByType: "a later layer has something of another type there"
    case .duplicateEntry: "the same layer holds the path again"
    case .hardlinkCopy: "a name of a hardlink group was copied up, and its bytes with it"
    }
  }

  private static func cell(_ bytes: Int64) -> String {
    "<td class=\"n\">\(ByteCount.text(bytes))</td>"
  }

  private static func short(_ text: String) -> String { TextLayout.cut(text, to: 400) }

  /// Tenths of a percent, in integers: the same on every machine.
  private static func percent(_ part: Int64, of whole: Int64) -> String {
    let tenths = Int(Double(part) / Double(whole) * 1000)
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}
