/// An optional value that is encoded as `null` where it is nil, so that its key is always there.
///
/// What Swift synthesizes leaves the keys of optional values out. Decoding takes both: `null`, and a key that is missing.
@propertyWrapper
public struct EncodesNull<Value> {
  /// The value itself.
  public var wrappedValue: Value?

  /// Wraps a value.
  public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }
}

extension EncodesNull: Sendable where Value: Sendable {}
extension EncodesNull: Equatable where Value: Equatable {}
extension EncodesNull: Hashable where Value: Hashable {}

extension EncodesNull: Encodable where Value: Encodable {
  /// Writes the value, or `null`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

extension EncodesNull: Decodable where Value: Decodable {
  /// Reads the value, or `null`.
  public init(from decoder: any Decoder) throws {
    wrappedValue = try decoder.singleValueContainer().decode(Value?.self)
  }
}

extension KeyedDecodingContainer {
  /// What is synthesized for a wrapped property calls this: a missing key is nil.
  public func decode<Value: Decodable>(_ type: EncodesNull<Value>.Type, forKey key: Key) throws
    -> EncodesNull<Value>
  {
    EncodesNull(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
  }
}
