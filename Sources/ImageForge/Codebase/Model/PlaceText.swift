import ForgeFindings

/// A place that is encoded as the text that people read, such as `app/main.py:3`. What is read back is known as a text
/// only; two places are equal where their texts are.
@propertyWrapper
package struct PlaceText: Codable, Sendable, Equatable {
  package var wrappedValue: Place

  package init(wrappedValue: Place) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws {
    wrappedValue = .text(try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue.description)
  }

  package static func == (a: PlaceText, b: PlaceText) -> Bool {
    a.wrappedValue.description == b.wrappedValue.description
  }
}

/// Places that are encoded as a list of texts; like `PlaceText`.
@propertyWrapper
package struct PlaceTexts: Codable, Sendable, Equatable {
  package var wrappedValue: [Place]

  package init(wrappedValue: [Place]) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws {
    wrappedValue = try decoder.singleValueContainer().decode([String].self).map(Place.text)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue.map(\.description))
  }

  package static func == (a: PlaceTexts, b: PlaceTexts) -> Bool {
    a.wrappedValue.map(\.description) == b.wrappedValue.map(\.description)
  }
}
