// Package.swift: .product(name: "ImageForge", package: "forge")
import ImageForge

let analysis = try Forge.analyze("backend")
let files = try Forge.generate(analysis)
print(files.map(\.path))

let policy = try Policy.find(in: "backend")
var builder = ProjectBuilder()
builder.output = "image.tar"
builder.policy = policy
let report = try await Forge.build("backend", with: builder) { line in print(line) }
print(report.passed, report.services.map(\.sizes.stored))

// Any image: an archive, a layout folder, or what an engine holds, such as docker:todo:latest.
let verdict = try await Forge.judge("image.tar", policy: policy)
for finding in verdict.findings { print(finding.severity, finding.id, finding.message) }

// Where the bytes are: waste by cause, a folder, a layer, what was added since.
let image = try await Forge.inspect("image.tar")
for waste in image.inspection.wasteByCause { print(waste.cause, waste.bytes) }
print(try image.tree("/app").bytes, try image.layer(0).layer.stored)
let diff = ImageDiff(from: try await Forge.inspect("old.tar"), to: image, limit: GrowthLimit("5%"))
print(diff.growth.bytes, diff.growth.passed)

var options = OptimizationOptions()
options.dedupe = true
let smaller = try await Forge.optimize("image.tar", to: "small.tar", options: options)
print(smaller.after.stored)
