import ForgeInspection
import ForgeReports
import ForgeRules
import Foundation
import TestSupport
import Testing

/// The HTML report as headless Chromium shows it.
@Suite(.serialized) struct BrowserTests {
  private static func report() throws -> String {
    var details = InspectionDetails()
    for index in 0..<400 {
      details.files.append(
        FileInstance(
          path: Array("usr/lib/package-\(index % 20)/file-\(index).js".utf8), kind: .regular,
          mode: 0o644, uid: 0,
          gid: 0, size: Int64(5000 + index * 90), layer: 0, visible: true))
    }
    let sample = Samples.inspection
    let inspection = Inspection(
      image: sample.image, sizes: sample.sizes, layers: sample.layers, waste: sample.waste,
      largestFiles: sample.largestFiles, duplicates: sample.duplicates, packages: sample.packages,
      findings: sample.findings, details: details)
    return try #require(
      try Report(verdicts: [Samples.verdict], inspections: [inspection]).render(.html))
  }

  private struct Page {
    /// The document after its scripts have run.
    let document: String
    /// What the console was told.
    let console: [String]

    /// What a test's own script left in the title, as JSON.
    func probed<Value: Decodable>(_ type: Value.Type) throws -> Value {
      let match = try #require(document.firstMatch(of: /<title>([^<]*)<\/title>/))
      return try JSONDecoder().decode(type, from: Data(match.1.replacing("&amp;", with: "&").utf8))
    }
  }

  private enum Scheme: Int, CaseIterable { case dark, light }

  private func open(_ html: String, _ scheme: Scheme = .light) async throws -> Page {
    let folder = try TemporaryFolder()
    try folder.write(html, to: "report.html")
    let result = try await Command.run(
      "timeout",
      [
        "--kill-after=5", "40", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync",
        "--user-data-dir=\(folder.file("profile"))", "--enable-logging=stderr",
        "--window-size=1000,900",
        "--blink-settings=preferredColorScheme=\(scheme.rawValue)", "--dump-dom",
        "file://" + folder.file("report.html"),
      ], environment: ["HOME": folder.path])
    // On a busy machine the browser may linger after its answer.
    guard result.output.hasSuffix("</html>\n") else {
      throw CommandFailure(description: "\(result)")
    }
    return Page(
      document: result.output,
      console: result.errors.split(separator: "\n").filter { $0.contains("CONSOLE") }.map(
        String.init))
  }

  /// The report with a script of the test at its end. `keepsScript` false: the report's own script is not let in.
  private func probe(_ script: String, keepsScript: Bool = true, _ scheme: Scheme = .light)
    async throws -> Page
  {
    let html = try Self.report()
    let allowed = try #require(html.firstMatch(of: /script-src ('sha256-[^']*')/)).1
    let page =
      html
      .replacing(allowed, with: keepsScript ? "\(allowed) 'nonce-probe'" : "'nonce-probe'")
      .replacing(
        "</body>",
        with: "<script nonce=\"probe\">document.title = JSON.stringify(\(script))</script></body>")
    return try await open(page, scheme)
  }

  /// The page's own policy lets its script run, and nothing complains.
  @Test func theScriptRunsAndTheConsoleIsSilent() async throws {
    let page = try await open(try Self.report())
    #expect(page.console == [])
    #expect(page.document.contains(/<g[^>]* tabindex=/))
  }

  @Test func readableWithoutItsScript() async throws {
    let page = try await probe("[document.body.innerText]", keepsScript: false)
    #expect(!page.document.contains(/<g[^>]* tabindex=/), "the script ran")
    let text = try #require(try page.probed([String].self).first)
    for words in [
      "FORGE-I009", "/app/.env is an environment file", "failed", "174.3 MB", "1.3 MB", "libc6",
    ] {
      #expect(text.contains(words), "\(words) is not shown:\n\(text)")
    }
    #expect(
      page.console.count == 1 && page.console[0].contains("Content Security Policy"),
      "\(page.console)")
  }

  /// One stop of the tab key for the whole map; the arrow keys walk it, and a line says where one is.
  @Test func theMapIsWalkedByKeys() async throws {
    struct Walk: Decodable {
      let stops: Int
      let titles: [String]
      let said: [String]
      let skip: String
    }
    let page = try await probe(
      """
      (() => {
        const map = document.querySelector("svg.map"), status = map.closest("section").querySelector(".status");
        const titles = [], said = [];
        const note = () => {
          titles.push(document.activeElement.querySelector("title")?.textContent ?? ""); said.push(status.textContent);
        };
        map.querySelector('[tabindex="0"]').focus(); note();
        for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
          note();
        }
        const stops = map.querySelectorAll('[tabindex="0"]').length;
        const links = [...document.querySelectorAll("a[href], summary, [tabindex='0']")];
        return {stops, titles, said, skip: document.querySelector(links[0].getAttribute("href"))?.tagName ?? ""};
      })()
      """)
    let walk = try page.probed(Walk.self)
    #expect(walk.stops == 1)
    #expect(walk.titles == walk.said && !walk.said.contains(""), "\(walk)")
    #expect(Set(walk.said).count >= 3, "\(walk)")
    #expect(!walk.skip.isEmpty, "the first stop does not lead to the report")
  }

  /// Text stands out from what is behind it by 4.5 to 1 (WCAG 2.2, 1.4.3) in both schemes.
  @Test func lightAndDark() async throws {
    struct Colours: Decodable {
      let background: [Double]
      let texts: [String: [Double]]
    }
    func luminance(_ colour: [Double]) -> Double {
      let parts = colour.map { $0 / 255 }.map {
        $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    var backgrounds: [Scheme: Double] = [:]
    for scheme in Scheme.allCases {
      let page = try await probe(
        """
        (() => {
          const rgb = (text) => text.match(/[0-9.]+/g).slice(0, 3).map(Number), texts = {};
          for (const name of ["body", "h1", "h2", ".badge", ".fix", "th", "td", "code", "summary", "footer"]) {
            const one = document.querySelector(name);
            if (one) texts[name] = rgb(getComputedStyle(one).color);
          }
          return {background: rgb(getComputedStyle(document.body).backgroundColor), texts};
        })()
        """, scheme)
      let colours = try page.probed(Colours.self)
      let back = luminance(colours.background)
      backgrounds[scheme] = back
      #expect(colours.texts.count >= 8, "\(colours)")
      for (name, text) in colours.texts {
        let (high, low) = (max(back, luminance(text)), min(back, luminance(text)))
        #expect((high + 0.05) / (low + 0.05) >= 4.5, "\(scheme) \(name)")
      }
    }
    #expect(try #require(backgrounds[.light]) > 0.9)
    #expect(try #require(backgrounds[.dark]) < 0.05)
  }
}
