// Package.swift: .product(name: "ImageForge", package: "forge")
import ImageForge

let analysis = try Analyzer.analyze("backend")
let files = try Generator.generate(analysis)

let image = try Inspector.open(
  "image.tar", options: InspectionOptions(findsSecrets: true, capture: Gate.capture))
let verdict = try Gate.judge(image.inspection, policy: try Policy.find(in: "."))
print(verdict.passed, image.inspection.sizes.stored)

// Where the bytes are: waste by cause, a folder, a layer, what was added since.
for waste in image.inspection.wasteByCause { print(waste.cause, waste.bytes) }
print(try image.tree("/app").bytes, try image.layer(0).layer.stored)
let diff = ImageDiff(from: try Inspector.open("old.tar"), to: image, limit: GrowthLimit("5%"))
print(diff.growth.bytes, diff.growth.passed)
