import ForgeFindings
import ForgeBasics
import ForgeInspection
import ForgeRules

/// An inspection made by hand: a clean non-root image, to which a test adds one fault.
struct ImageUnderTest {
  var reference = "todo:1"
  var user = "10001:10001"
  var entrypoint: [String] = []
  var cmd = ["uvicorn", "app.main:app"]
  var stored: Int64 = 100_000_000
  var rootfs: Int64 = 100_000_000
  var layers: [LayerFacts] = []
  var packages: [PackageFacts] = []
  var notes: [Finding] = []
  var details: InspectionDetails

  init() {
    details = InspectionDetails()
    details.passwd = Array(
      "root:x:0:0:root:/root:/bin/sh\napp:x:10001:10001::/:/usr/sbin/nologin\n".utf8)
    details.config.hasHealthcheck = true
  }

  mutating func add(
    _ path: String, size: Int64 = 1, mode: UInt16 = 0o644, kind: FileInstance.Kind = .regular,
    layer: Int = 0,
    visible: Bool = true, head: String? = nil, attributes: [String] = []
  ) {
    var file = FileInstance(
      path: Array(path.utf8), kind: kind, mode: mode, uid: 0, gid: 0, size: size, layer: layer,
      visible: visible,
      head: head.map { Array($0.utf8) })
    file.attributes = attributes
    details.files.append(file)
  }

  /// A file of another owner than root.
  mutating func addOwned(_ path: String, uid: UInt32) {
    add(path)
    details.files[details.files.count - 1].uid = uid
  }

  mutating func addLayer(stored: Int64) {
    layers.append(
      LayerFacts(
        index: layers.count, digest: .sha256([]), diffID: .sha256([]), mediaType: "",
        compressed: stored / 2,
        unpacked: stored, stored: stored, wasted: 0, files: 1, createdBy: "COPY . . # buildkit"))
  }

  var inspection: Inspection {
    Inspection(
      image: ImageFacts(
        source: "image.tar", reference: reference, digest: .sha256([]), platform: "linux/amd64",
        user: user,
        entrypoint: entrypoint, cmd: cmd),
      sizes: Sizes(compressed: 40_000_000, unpacked: 110_000_000, stored: stored, rootfs: rootfs),
      layers: layers,
      waste: [],
      largestFiles: [FileFacts(path: "opt/model.bin", bytes: 90_000_000, layer: 0)], duplicates: [],
      packages: packages,
      findings: notes, details: details)
  }

  func judge(_ policy: Policy = Policy()) -> Verdict { Gate.judge(inspection, policy: policy) }

  /// The findings of one rule.
  func findings(_ id: String, _ policy: Policy = Policy()) -> [Finding] {
    judge(policy).findings.filter { $0.id.rawValue == id }
  }
}
