/// Made-up secrets of every kind, put together when the tests run, so that no scanner trips over this file. The forms
/// are stated once more, apart from the catalogue's shapes.
public struct SecretExamples {
  private var random: SeededBytes

  public init(seed: UInt64) { random = SeededBytes(seed: seed) }

  static let digits = "0123456789"
  static let hexadecimal = "0123456789abcdef"
  static let lower = "abcdefghijklmnopqrstuvwxyz"
  static let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

  mutating func pick(_ set: String, _ count: Int) -> String {
    let characters = Array(set)
    return String(
      (0..<count).map { _ in characters[Int(random.next() % UInt64(characters.count))] })
  }

  mutating func an(_ count: Int) -> String {
    pick(Self.lower + Self.upper + Self.digits, count)
  }
  mutating func hex(_ count: Int) -> String { pick(Self.hexadecimal, count) }
  mutating func num(_ count: Int) -> String { pick(Self.digits, count) }
  mutating func caps(_ count: Int) -> String { pick(Self.upper + Self.digits, count) }
  mutating func b64(_ count: Int) -> String {
    pick(Self.lower + Self.upper + Self.digits + "+/", count)
  }
  mutating func url(_ count: Int) -> String {
    // Neither begins nor ends with a sign, so that where a token stops is plain.
    an(1) + pick(Self.lower + Self.upper + Self.digits + "_-", count - 2) + an(1)
  }

  /// A line of a file with a secret of that kind, and the name that the file must have, if any.
  public mutating func line(_ kind: String) throws -> (text: String, name: String) {
    guard let found = token(kind) ?? service(kind) ?? key(kind) else { throw Missing(kind: kind) }
    return found
  }

  public struct Missing: Error { let kind: String }

  // swift-format-ignore
  private mutating func token(_ kind: String) -> (text: String, name: String)? {
    func plain(_ token: String) -> (String, String) { ("const value = \"\(token)\";", "settings.js") }
    func set(_ name: String, _ token: String) -> (String, String) { ("\(name)=\(token)", "local.env") }
    switch kind {
    case "aws-access-key": return plain("AK" + "IA" + pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
    case "aws-secret-key": return set("AWS_SECRET_ACCESS_KEY", b64(40))
    case "aws-session-token": return set("AWS_SESSION_TOKEN", b64(320))
    case "aws-bedrock-key": return plain("AB" + "SK" + b64(128))
    case "google-api-key": return plain("AI" + "za" + url(35))
    case "google-oauth-secret": return plain("GOC" + "SPX-" + url(28))
    case "google-oauth-token": return plain("ya" + "29." + url(120))
    case "google-oauth-refresh-token": return plain("1/" + "/0" + url(90))
    case "azure-storage-key": return plain("Account" + "Key=" + b64(86) + "==")
    case "azure-shared-access-key": return plain("SharedAccess" + "Key=" + b64(43) + "=")
    case "azure-client-secret": return plain(an(3) + "8" + "Q~" + url(34))
    case "azure-devops-token": return plain(an(52) + "JQ" + "QJ99" + an(26))
    case "azure-openai-key": return set("AZURE_OPENAI_API_KEY", hex(32))
    case "digitalocean-token": return plain("dop" + "_v1_" + hex(64))
    case "alibaba-access-key": return plain("LT" + "AI" + an(20))
    case "cloudflare-token": return set("CLOUDFLARE_API_TOKEN", url(40))
    case "cloudflare-origin-ca-key": return plain("v1" + ".0-" + hex(24) + "-" + hex(146))
    case "heroku-key": return plain("HR" + "KU-" + url(60))
    case "fly-token": return plain("fm" + "2_" + b64(160) + "==")
    case "vercel-token": return set("VERCEL_TOKEN", an(24))
    case "vercel-blob-token": return plain("vercel" + "_blob_rw_" + an(16) + "_" + an(30))
    case "netlify-token": return plain("nf" + "p_" + an(36))
    case "render-token": return plain("rn" + "d_" + an(32))
    case "terraform-cloud-token": return plain(an(14) + ".atlas" + "v1." + an(67))
    case "pulumi-token": return plain("pu" + "l-" + hex(40))
    case "vault-token": return plain("hv" + "s." + url(95))
    case "doppler-token": return plain("dp." + "pt." + an(43))
    case "onepassword-service-token": return plain("ops" + "_eyJ" + b64(400))
    case "tailscale-key": return plain("ts" + "key-auth-" + an(16) + "-" + an(32))
    case "github-token": return plain("gh" + "p_" + an(36))
    case "github-oauth-token": return plain("gh" + "o_" + an(36))
    case "github-app-token": return plain("gh" + "s_" + an(36))
    case "github-refresh-token": return plain("gh" + "r_" + an(76))
    case "github-fine-grained-token": return plain("github" + "_pat_" + an(22) + "_" + an(59))
    case "gitlab-token": return plain("gl" + "pat-" + url(20))
    case "gitlab-deploy-token": return plain("gl" + "dt-" + url(20))
    case "gitlab-runner-token": return plain("gl" + "rt-" + url(20))
    case "gitlab-ci-token": return plain("gl" + "cbt-64_" + url(20))
    case "gitlab-other-token": return plain("gl" + "imt-" + url(25))
    case "atlassian-token": return plain("ATA" + "TT3" + url(186))
    case "bitbucket-password": return plain("AT" + "BB" + an(32))
    case "npm-token": return plain("np" + "m_" + an(36))
    case "npm-auth": return ("//packages.example/:_auth" + "Token=" + hex(32), ".npmrc")
    case "yarn-auth": return ("npmAuth" + "Token: \"\(hex(32))\"", ".yarnrc.yml")
    case "pypi-token": return plain("pypi" + "-AgEIcHlwaS5vcmc" + url(140))
    case "pypi-password": return ("[pypi]\nusername = me\npass" + "word = " + an(14), ".pypirc")
    case "netrc-password": return ("machine host login me pass" + "word " + an(12), ".netrc")
    case "pgpass-password": return ("db:54" + "32:todo:todo:" + an(12), ".pgpass")
    case "docker-auth": return ("{\"auths\": {\"r\": {\"au" + "th\": \"" + b64(28) + "\"}}}", "config.json")
    case "docker-hub-token": return plain("dckr" + "_pat_" + url(27))
    case "rubygems-token": return plain("ruby" + "gems_" + hex(48))
    case "artifactory-token": return plain("AK" + "Cp" + an(69))
    case "circleci-token": return plain("CCI" + "PAT_" + an(22) + "_" + hex(40))
    case "buildkite-token": return plain("bk" + "ua_" + hex(40))
    case "sonarqube-token": return plain("sq" + "p_" + hex(40))
    case "postman-key": return plain("PM" + "AK-" + hex(24) + "-" + hex(34))
    case "prefect-token": return plain("pn" + "u_" + an(36))
    case "openai-key": return plain("sk-" + "proj-" + url(156))
    case "anthropic-key": return plain("sk-" + "ant-api03-" + url(95))
    case "openrouter-key": return plain("sk-" + "or-v1-" + hex(64))
    case "huggingface-token": return plain("hf" + "_" + pick(Self.lower + Self.upper, 34))
    case "groq-key": return plain("gs" + "k_" + an(52))
    case "perplexity-key": return plain("pp" + "lx-" + an(48))
    case "replicate-token": return plain("r" + "8_" + an(37))
    case "xai-key": return plain("xa" + "i-" + an(80))
    case "langsmith-key": return plain("lsv2" + "_pt_" + hex(32) + "_" + hex(10))
    case "pinecone-key": return plain("pc" + "sk_" + an(6) + "_" + an(63))
    case "tavily-key": return plain("tv" + "ly-" + an(32))
    case "stripe-live-key": return plain("sk" + "_live_" + an(99))
    case "stripe-test-key": return plain("sk" + "_test_" + an(99))
    case "webhook-secret": return plain("wh" + "sec_" + b64(32))
    case "square-token": return plain("sq0" + "csp-" + url(43))
    case "braintree-token": return plain("access_token" + "$production$" + pick(Self.lower + Self.digits, 16) + "$" + hex(32))
    case "plaid-token": return plain("access" + "-production-\(hex(8))-\(hex(4))-\(hex(4))-\(hex(4))-\(hex(12))")
    case "shopify-token": return plain("shp" + "at_" + hex(32))
    case "slack-bot-token": return plain("xo" + "xb-" + num(12) + "-" + num(13) + "-" + an(24))
    case "slack-user-token": return plain("xo" + "xp-" + num(12) + "-" + num(12) + "-" + num(13) + "-" + hex(32))
    case "slack-app-token": return plain("xa" + "pp-1-A" + caps(10) + "-" + num(13) + "-" + hex(64))
    case "slack-webhook": return plain("https://hooks.slack" + ".com/services/T" + caps(10) + "/B" + caps(10) + "/" + an(24))
    case "discord-webhook": return plain("https://discord" + ".com/api/webhooks/" + num(19) + "/" + url(68))
    case "discord-token": return set("DISCORD_TOKEN", "M" + an(25) + "." + an(6) + "." + url(38))
    case "teams-webhook":
      let ids = [hex(36), hex(36), hex(32), hex(36)]
      return plain("https://acme.webhook.office" + ".com/webhookb2/\(ids[0])@\(ids[1])/IncomingWebhook/\(ids[2])/\(ids[3])")
    case "telegram-token": return set("TELEGRAM_BOT_TOKEN", num(10) + ":A" + "A" + url(33))
    case "twilio-key": return set("TWILIO_AUTH_TOKEN", hex(32))
    case "sendgrid-key": return plain("S" + "G." + url(22) + "." + url(43))
    case "mailgun-key": return set("MAILGUN_API_KEY", hex(32) + "-" + hex(8) + "-" + hex(8))
    case "mailchimp-key": return plain(hex(32) + "-u" + "s21")
    case "brevo-key": return plain("xkey" + "sib-" + hex(64) + "-" + an(16))
    case "resend-key": return set("RESEND_API_KEY", "re_" + an(8) + "_" + an(24))
    case "planetscale-token": return plain("pscale" + "_tkn_" + url(43))
    case "supabase-token": return plain("sb" + "p_" + hex(40))
    case "databricks-token": return plain("da" + "pi" + hex(32) + "-2")
    case "linear-key": return plain("lin" + "_api_" + an(40))
    case "notion-token": return plain("nt" + "n_" + num(11) + an(35))
    case "figma-token": return plain("fi" + "gd_" + url(40))
    case "typeform-token": return plain("tf" + "p_" + an(44) + "_" + an(14))
    case "contentful-token": return plain("CF" + "PAT-" + url(43))
    case "mapbox-token": return plain("sk." + "eyJ" + an(80) + "." + url(22))
    case "newrelic-key": return plain("NR" + "AK-" + caps(27))
    case "grafana-token": return plain("gl" + "sa_" + an(32) + "_" + hex(8))
    case "datadog-key": return set("DD_API_KEY", hex(32))
    case "sentry-token": return plain("sntr" + "yu_" + hex(64))
    case "dynatrace-token": return plain("dt0" + "c01." + caps(24) + "." + caps(64))
    case "age-key": return plain("AGE-SECRET" + "-KEY-1" + caps(58))
    case "jwt": return plain("eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + an(60) + "." + url(43))
    case "private-key":
      return ("-----BEGIN " + "PRIVATE KEY-----\n\(b64(64))\n\(b64(64))\n\(b64(40))\n-----END PRIVATE KEY-----", "server.txt")
    case "url-password": return plain("postgresql" + "://todo:" + an(14) + "@db.internal:5432/todo")
    case "pip-index-password": return ("[global]\nindex-url = https" + "://ci:" + an(20) + "@pypi.internal/simple", "pip.conf")
    case "assigned-secret": return ("client" + "Secret: \"\(an(40))\",", "settings.js")
    default: return nil
    }
  }
}
