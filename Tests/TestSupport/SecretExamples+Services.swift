/// Examples of services that most images never meet; see `SecretExamples`.
extension SecretExamples {
  private mutating func lower(_ count: Int) -> String { pick(Self.lower + Self.digits, count) }
  private mutating func uuid() -> String {
    [hex(8), hex(4), hex(4), hex(4), hex(12)].joined(separator: "-")
  }

  // swift-format-ignore
  mutating func service(_ kind: String) -> (text: String, name: String)? {
    func plain(_ token: String) -> (String, String) { ("const value = \"\(token)\";", "settings.js") }
    func set(_ name: String, _ token: String) -> (String, String) { ("\(name)=\(token)", "local.env") }
    switch kind {
    case "nvidia-key": return plain("nv" + "api-" + url(64))
    case "airtable-token": return set("AIRTABLE_TOKEN", "pa" + "t" + an(14) + "." + hex(64))
    case "okta-token": return set("OKTA_API_TOKEN", "0" + "0" + url(40))
    case "snyk-token": return set("SNYK_TOKEN", uuid())
    case "algolia-admin-key": return set("ALGOLIA_ADMIN_KEY", hex(32))
    case "adobe-secret": return plain("p8" + "e-" + an(32))
    case "clojars-token": return plain("CLO" + "JARS_" + lower(60))
    case "clickhouse-key": return plain("4b" + "1d" + an(38))
    case "nebula-key": return plain("dn" + "key-" + url(26) + "-" + url(52))
    case "duffel-token": return plain("duffel" + "_live_" + url(43))
    case "easypost-key": return plain("EZ" + "AK" + an(54))
    case "facebook-token": return plain("EA" + "AC" + an(160))
    case "flutterwave-key": return plain("FLW" + "SECK-" + hex(32) + "-X")
    case "frameio-token": return plain("fi" + "o-u-" + url(64))
    case "harness-token": return plain("pa" + "t." + url(22) + "." + an(24) + "." + an(20))
    case "infracost-key": return plain("ic" + "o-" + an(32))
    case "intra42-secret": return plain("s-s4" + "t2ud-" + hex(64))
    case "launchdarkly-key": return set("LAUNCHDARKLY_SDK_KEY", "sd" + "k-" + uuid())
    case "maxmind-key": return plain(an(6) + "_" + an(29) + "_m" + "mk")
    case "octopus-key": return plain("AP" + "I-" + caps(26))
    case "openshift-token": return plain("sha" + "256~" + url(43))
    case "readme-key": return plain("rd" + "me_" + lower(70))
    case "scalingo-token": return plain("tk-" + "us-" + url(48))
    case "settlemint-token": return plain("sm" + "_pat_" + an(16))
    case "shippo-token": return plain("shippo" + "_live_" + hex(40))
    case "sourcegraph-token": return plain("sg" + "p_" + hex(16) + "_" + hex(40))
    case "yandex-key": return plain("AQ" + "VN" + url(36))
    case "hubspot-token": return plain("pat-" + "na1-" + uuid())
    case "apify-token": return plain("apify" + "_api_" + an(36))
    case "posthog-personal-key": return plain("ph" + "x_" + an(43))
    case "adafruit-key": return plain("ai" + "o_" + an(28))
    case "dbt-token": return plain("db" + "tc_" + url(40))
    case "deepseek-key": return set("DEEPSEEK_API_KEY", "s" + "k-" + hex(32))
    case "mistral-key": return set("MISTRAL_API_KEY", an(32))
    case "cohere-key": return set("COHERE_API_KEY", an(40))
    case "elevenlabs-key": return set("ELEVENLABS_API_KEY", "s" + "k_" + hex(48))
    case "stability-key": return set("STABILITY_API_KEY", "s" + "k-" + an(48))
    case "assemblyai-key": return set("ASSEMBLYAI_API_KEY", hex(32))
    case "together-key": return set("TOGETHER_API_KEY", hex(64))
    case "fireworks-key": return set("FIREWORKS_API_KEY", "f" + "w_" + an(24))
    case "langfuse-key": return plain("sk-" + "lf-" + uuid())
    case "voyage-key": return set("VOYAGE_API_KEY", "p" + "a-" + url(43))
    case "weights-and-biases-key": return set("WANDB_API_KEY", hex(40))
    case "razorpay-secret": return set("RAZORPAY_KEY_SECRET", an(24))
    case "zapier-webhook": return plain("https://hooks.zap" + "ier.com/hooks/catch/" + num(8) + "/" + an(7))
    case "zendesk-token": return set("ZENDESK_API_TOKEN", an(40))
    case "twitter-token": return set("TWITTER_API_SECRET", an(50))
    case "twitch-token": return set("TWITCH_CLIENT_SECRET", lower(30))
    case "linkedin-secret": return set("LINKEDIN_CLIENT_SECRET", an(16))
    case "dropbox-token": return set("DROPBOX_TOKEN", "s" + "l." + url(135))
    case "mattermost-token": return set("MATTERMOST_TOKEN", lower(26))
    case "fastly-token": return set("FASTLY_API_TOKEN", url(32))
    case "travis-token": return set("TRAVIS_TOKEN", an(22))
    case "drone-token": return set("DRONE_TOKEN", an(32))
    case "codecov-token": return set("CODECOV_TOKEN", uuid())
    case "sumologic-key": return set("SUMOLOGIC_ACCESS_KEY", an(64))
    case "coinbase-key": return set("COINBASE_SECRET", url(64))
    case "kraken-key": return set("KRAKEN_SECRET", b64(86) + "==")
    case "confluent-secret": return set("CONFLUENT_SECRET", b64(64))
    case "square-webhook-key": return set("SQUARESPACE_API_KEY", uuid())
    case "meraki-key": return set("MERAKI_API_KEY", hex(40))
    case "rapidapi-key": return set("RAPIDAPI_KEY", an(50))
    case "sendbird-token": return set("SENDBIRD_TOKEN", hex(40))
    case "messagebird-key": return set("MESSAGEBIRD_KEY", an(25))
    case "bitbucket-secret": return set("BITBUCKET_CLIENT_SECRET", an(32))
    case "atlassian-legacy-token": return set("JIRA_API_TOKEN", an(24))
    case "intercom-token": return set("INTERCOM_TOKEN", url(60))
    case "pagerduty-key": return set("PAGERDUTY_KEY", an(20))
    case "rollbar-token": return set("ROLLBAR_ACCESS_TOKEN", hex(32))
    case "honeycomb-key": return plain("hc" + "aik_" + lower(58))
    case "auth0-secret": return set("AUTH0_CLIENT_SECRET", url(64))
    case "nuget-key": return set("NUGET_API_KEY", "oy" + "2" + lower(43))
    case "crates-token": return set("CARGO_REGISTRY_TOKEN", "ci" + "o" + an(32))
    case "azure-registry-key": return plain(b64(42) + "+A" + "CR" + an(6))
    case "azure-sas": return plain("https://acme.blob.core.windows.net/a?sv=2026-02-06&s" + "ig=" + an(43) + "%3D")
    case "onepassword-secret-key": return set("OP_SECRET_KEY", "A" + "3-" + caps(6) + "-" + caps(11) + "-" + caps(5) + "-" + caps(5) + "-" + caps(5))
    case "slack-config-token": return plain("xoxe" + ".xoxp-1-" + an(150))
    case "alibaba-secret": return set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", an(30))
    default: return nil
    }
  }

  // swift-format-ignore
  mutating func key(_ kind: String) -> (text: String, name: String)? {
    switch kind {
    case "raw-private-key": return ("key: \"" + "MIIE" + "vQIBADANBgkqhkiG9w0BAQEFAAS" + b64(800) + "\"", "keys.yaml")
    case "putty-key":
      return ("Public-Lines: 1\n\(b64(44))\nPrivate-" + "Lines: 1\n\(b64(48))\nPrivate-MAC: \(hex(64))", "key.ppk")
    case "json-web-key": return ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"" + "d\":\"\(url(43))\"}", "keys.json")
    case "wireguard-key": return ("[Interface]\nPrivate" + "Key = \(b64(43))=", "wg0.conf")
    case "authorization-header": return ("headers: {Authorization: \"Bea" + "rer \(an(40))\"}", "client.js")
    default: return nil
    }
  }
}
