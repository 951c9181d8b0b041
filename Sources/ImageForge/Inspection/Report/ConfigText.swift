import ForgeBasics
import ForgeFindings
import ForgeImages

/// A text of an image's config or manifest that no other fact holds: rules look for secrets in it, wherever it stands.
package struct ConfigText: Sendable, Equatable {
  /// The field or step that it stands in.
  package let place: Place
  /// What it is in a sentence: `the field Healthcheck`.
  package let subject: String
  /// Of a member of an object; nil for the elements of a list.
  package let name: String?
  /// The text as it stands; of a list of words, all of them.
  package let value: String

  /// All of an image, in the order of the documents.
  static func all(_ image: Image) -> [ConfigText] {
    let known: Set<String> = ["Env", "Labels", "Entrypoint", "Cmd"]
    var texts: [ConfigText] = []
    for member in image.config.json.members {
      switch member.key {
      case "config":
        for field in member.value.members where !known.contains(field.key) {
          texts += Self.texts(
            of: field, at: Self.place(field.key), "the field \(DisplayText.escape(field.key))")
        }
      case "history":
        for (index, step) in member.value.elements.enumerated() {
          for field in step.members where field.key != "created_by" {
            texts += Self.texts(
              of: field, at: .history(index),
              "the \(DisplayText.escape(field.key)) of a step of the history")
          }
        }
      case "rootfs": break
      default:
        texts += Self.texts(
          of: member, at: Self.place(member.key), "the field \(DisplayText.escape(member.key))")
      }
    }
    let manifest = image.manifestJSON.map(manifestTexts) ?? []
    let index = image.descriptors.compactMap { $0.member("annotations") }.flatMap {
      Self.texts(of: $0, at: .archive("index.annotations"), "an annotation of the index")
    }
    let fields = image.indexFields.flatMap { member in
      let name = DisplayText.escape(member.key)
      return Self.texts(of: member, at: .archive("index.\(name)"), "the field \(name) of the index")
    }
    return texts + manifest + index + fields
  }

  /// What a manifest says beside sizes, types and digests: annotations of its own and of what it lists, and keys that
  /// nobody knows.
  private static func manifestTexts(_ manifest: JSON) -> [ConfigText] {
    let known: Set<String> = [
      "schemaVersion", "mediaType", "config", "layers", "subject", "artifactType",
    ]
    let own = manifest.members.filter { !known.contains($0.key) }.flatMap { member in
      let name = DisplayText.escape(member.key)
      var subject = "the field \(name) of the manifest"
      if name == "annotations" { subject = "an annotation of the manifest" }
      return texts(of: member, at: .archive("manifest.\(name)"), subject)
    }
    let listed = [manifest["config"]].compactMap(\.self) + (manifest["layers"]?.elements ?? [])
    return own
      + listed.compactMap { $0.member("annotations") }.flatMap {
        texts(of: $0, at: .archive("manifest.layers.annotations"), "an annotation of a layer")
      }
  }

  private static func place(_ field: String) -> Place {
    Place.ConfigField(rawValue: field).map(Place.config)
      ?? .archive("config.\(DisplayText.escape(field))")
  }

  private static func texts(of member: JSON.Member, at place: Place, _ subject: String)
    -> [ConfigText]
  {
    func text(_ name: String?, _ value: String) -> ConfigText {
      ConfigText(place: place, subject: subject, name: name, value: value)
    }
    switch member.value.value {
    case .string(let value): return [text(member.key, value)]
    case .array(let elements):
      let words = elements.compactMap(\.string)
      let nested = elements.flatMap { element in
        element.members.flatMap { texts(of: $0, at: place, subject) }
      }
      guard !words.isEmpty else { return nested }
      return [text(nil, words.joined(separator: " "))] + nested
    case .object(let members):
      let keys = members.map { text(nil, $0.key) }
      return keys + members.flatMap { texts(of: $0, at: place, subject) }
    case .null, .bool, .number: return []
    }
  }
}
