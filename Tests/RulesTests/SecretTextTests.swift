import ForgeInspection
import ForgeSecrets
import TestSupport
import Testing

@Suite struct SecretTextTests {
  @Test(arguments: [
    (
      "RUN |2 NPM_TOKEN=hunter2 NODE_ENV=production /bin/sh -c npm ci",
      "NPM_TOKEN=*** NODE_ENV=production /bin/sh"
    ),
    ("|1 DB_PASSWORD=two words /bin/sh -c x", "DB_PASSWORD=*** /bin/sh -c x"),
    ("ENV API_KEY=\"two words\" PORT=80", "ENV API_KEY=\"***\" PORT=80"),
    ("CMD server --password=hunter2 --port=80", "--password=*** --port=80"),
    (
      "RUN pip install -i https://me:hunter2@example.org/simple x",
      "https://me:***@example.org/simple x"
    ),
    ("RUN PASSWORD='a b' ./x && SECRET=c; y", "PASSWORD='***' ./x && SECRET=***; y"),
  ])
  func valuesAreMasked(text: String, rest: String) {
    let shown = SecretText.masked(text)
    #expect(shown.contains(rest), "\(shown)")
    for value in ["hunter2", "two words", "a b'", "=c;"] {
      #expect(!shown.contains(value), "\(shown)")
    }
  }

  @Test(arguments: [
    "RUN --mount=type=secret,id=npm npm ci", "ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
    "ENV PATH=/usr/local/bin:/usr/bin NODE_VERSION=24.1.0", "RUN TOKEN=$NPM_TOKEN npm ci",
    "COPY . .", "",
    "ADD file:8c3c1d1d9b2d4a6a8e1f3b5c7d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80912 in /",
    "RUN a=1 b==2 =c =",
  ])
  func whatIsNoSecretStays(text: String) { #expect(SecretText.masked(text) == text) }

  /// Tokens are known by their shape, wherever they stand.
  @Test func tokensOfEveryKindAreMasked() throws {
    var examples = SecretExamples(seed: 5)
    let catalogue = try SecretCatalogue.standard.get()
    var count = 0
    for kind in catalogue.kinds {
      let text = "RUN echo " + (try examples.line(kind.id)).text
      // Some kinds are known only in files of a certain name.
      guard !SecretScanner(catalogue).scan(Array(text.utf8)).isEmpty else { continue }
      count += 1
      let shown = SecretText.masked(text)
      #expect(shown.contains("***"), "\(kind.id): \(shown)")
      #expect(SecretScanner(catalogue).scan(Array(shown.utf8)).isEmpty, "\(kind.id): \(shown)")
    }
    #expect(count >= 60)
    let token = "gh" + "p_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    #expect(
      SecretText.masked("RUN curl -H 'Authorization: \(token)' x")
        == "RUN curl -H 'Authorization: ***' x")
    #expect(SecretText.masked("RUN a \(token) \(token)") == "RUN a *** ***")
  }
}
