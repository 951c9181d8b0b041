import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

/// A layer of one file.
func layer(_ name: String, _ text: String = "content") -> [UInt8] {
  TarBuilder.make { $0.file(name, text) }
}

/// A small image with everything set; its third layer is its first one again.
let sample = TestImage(
  layers: [layer("base"), layer("app/main.py", "print(1)"), layer("base")],
  config: TestConfig(
    user: "1000:1000", entrypoint: ["/usr/bin/python3"], cmd: ["-m", "app"],
    environment: ["PATH=/bin", "A=b=c"],
    exposedPorts: ["8000/tcp"], volumes: ["/data"], workingDirectory: "/app",
    labels: ["name": "todo", "Name": "Todo"], healthcheck: ["CMD", "true"],
    history: ["FROM", "#ENV A", "COPY", "RUN"],
    more: #""OnBuild":["RUN x"],"StopSignal":"SIGINT","Shell":["/bin/sh","-c"]"#))

/// Opens an archive that is given as bytes.
func open(_ archive: [UInt8], _ selection: ImageSelection = .init()) throws -> Image {
  try Shell.withTemporaryFolder { folder in
    let path = "\(folder)/image.tar"
    try Data(archive).write(to: URL(fileURLWithPath: path))
    return try ImageStore.open(path, selection: selection)
  }
}

/// The error of an archive that must not open.
func failure(
  _ archive: [UInt8], _ selection: ImageSelection = .init(),
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> ImageError {
  try #require(throws: ImageError.self, sourceLocation: sourceLocation) {
    try open(archive, selection)
  }
}

extension Image {
  /// The uncompressed bytes of every layer.
  func layerContents() throws -> [[UInt8]] {
    try layers.map { layer in
      let stream = try DecompressedStream(layer.blob, name: "layer")
      var bytes: [UInt8] = []
      while true {
        let more = try stream.bytes(count: 1 << 16)
        if more.isEmpty { return bytes }
        bytes += more
      }
    }
  }
}
