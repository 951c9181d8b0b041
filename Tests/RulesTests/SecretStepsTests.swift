import ForgeInspection
import ForgeSecrets
import Testing

/// Secrets that are typed into steps and commands: whatever is masked is a finding, and whatever is a finding is masked.
@Suite struct SecretStepsTests {
  private static let value = "Xk29dk" + "P2mQz"

  // swift-format-ignore
  static let secrets = [
    #"RUN /bin/sh -c export API_KEY=% && make"#,
    #"RUN /bin/sh -c echo DB_PASSWORD=% >> .env"#,
    #"RUN <<EOF (set -e...)\#nexport TOKEN=%\#nEOF"#,
    #"RUN /bin/sh -c PGPASSWORD=% psql -h db"#,
    #"ENTRYPOINT ["/app" "--db-password=%"]"#,
    #"RUN mysql -u root -p% -e 'show tables'"#,
    #"RUN mysqladmin -u root password '%'"#,
    #"RUN sshpass -p % ssh a@b"#,
    #"RUN curl -u admin:% https://x.y/z"#,
    #"RUN curl --user admin:% https://x.y/z"#,
    #"RUN curl -H "Authorization: Bearer %%99" https://x"#,
    #"RUN curl -H 'X-Api-Key: %' https://x"#,
    #"RUN curl -H 'PRIVATE-TOKEN: %' https://x"#,
    #"RUN docker login -u me -p % registry.io"#,
    #"RUN echo 'root:%' | chpasswd"#,
    #"RUN echo "%" | passwd --stdin root"#,
    #"RUN htpasswd -b -c /etc/nginx/.htpasswd admin %"#,
    #"RUN npm config set //registry.acme.com/:_authToken %"#,
    #"RUN npm config set //registry.acme.com/:_authToken=%"#,
    #"RUN psql -c "ALTER USER app WITH PASSWORD '%'""#,
    #"RUN mysql -e "CREATE USER a IDENTIFIED BY '%'""#,
    #"RUN openssl rsa -passin pass:% -in k"#,
    #"RUN redis-cli -a % ping"#,
    #"RUN keytool -storepass % -list"#,
    #"ENV DB_PASSWORD %"#,
    #"ARG GITHUB_PAT=%"#,
    #"RUN pip install --extra-index-url https://u:%@pypi.acme.com/simple x"#,
    #"RUN git clone https://oauth2:%@gitlab.com/x/y"#,
    #"RUN printf 'machine x login y password %' > ~/.netrc"#,
    #"RUN sqlcmd -S db -U sa -P % -Q x"#,
    #"RUN unzip -P % a.zip"#,
    #"RUN /app/setup --admin-password %"#,
    #"RUN python -c "import x; x.login(password='%')""#,
    #"RUN echo '{"password": "%"}' > c.json"#,
    #"RUN |2 DB_PASS=% GITHUB_PAT=% /bin/sh -c make"#,
    #"RUN dotnet user-secrets set "Db:Password" "%""#,
    #"RUN export CONN="Server=db;User Id=sa;Password=%;""#,
    #"RUN java -Dspring.datasource.password=% -jar x.jar"#,
    #"RUN bundle config gems.acme.com user:%"#,
    #"RUN composer config http-basic.repo.acme.com user %"#,
    #"RUN poetry config http-basic.acme user %"#,
    #"RUN poetry config pypi-token.pypi %"#,
    #"RUN az login --service-principal -u x -p % --tenant t"#,
  ]

  @Test(arguments: secrets)
  func isFoundAndMasked(template: String) {
    let step = template.replacing("%", with: Self.value)
    let shown = SecretText.masked(step)
    #expect(!shown.contains(Self.value), "\(shown)")
    var image = ImageUnderTest()
    image.details.history = [HistoryFacts(createdBy: step, layer: 0)]
    let findings = image.findings("FORGE-I008")
    #expect(findings.map(\.location).contains("history[0]"), "\(step)")
    #expect(!findings.contains { $0.message.contains(Self.value) })
  }

  // swift-format-ignore
  static let harmless = [
    #"RUN /bin/sh -c apk add --no-cache libcrypto3=3.1.4-r1 libssl3=3.1.4-r1 # buildkit"#,
    #"RUN /bin/sh -c { echo 'access.log = /proc/self/fd/2'; } # buildkit"#,
    #"RUN /bin/sh -c NPM_TOKEN=$(cat /run/secrets/npm) npm ci # buildkit"#,
    #"RUN |1 GITHUB_TOKEN= /bin/sh -c make"#,
    #"RUN --mount=type=secret,id=npm npm ci"#,
    #"RUN --mount=type=secret,id=token,env=NPM_TOKEN npm ci"#,
    #"RUN docker build --secret id=token,src=/x ."#,
    #"ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D"#,
    #"ENV GPG_KEYS=1198C0117593497A5EC5C199286AF1F9897469DC C28D937575603EB4ABB725861C0779DC5C0A9DE4"#,
    #"ENV WORDPRESS_CLI_GPG_KEY=63AF7AA15067C05616FDDD88A3A2E8F226F0BC06"#,
    #"ENV SWIFT_SIGNING_KEY=52BB7E3DE28A71BE22EC05FFEF80A866B47A981F SWIFT_PLATFORM=debian12"#,
    #"ENV RABBITMQ_PGP_KEY_ID=0x0A9AF2115F4687BD29803A206B73A36E6026DFCA"#,
    #"ENV GOSU_KEY=B42F6819007F00F88E364FD4036A9C25BF357DD4"#,
    #"ENV NGINX_GPGKEY=573BFD6B3D8FBC641079A6ABABF5BD827BD9BF62"#,
    #"RUN set -eux; key='B42F6819007F00F88E364FD4036A9C25BF357DD4'; gpg --recv-keys "$key""#,
    #"RUN GPG_KEY='9A2FD067A2E3EF7B4B8A9AB5C9F6A1C6' gpg --batch --keyserver keyserver.ubuntu.com --recv-keys "$key""#,
    #"RUN gpg --batch --keyserver hkps://keys.openpgp.org --recv-keys B42F6819007F00F88E364FD4036A9C25BF357DD4"#,
    #"RUN curl -fsSL https://deb.nodesource.com/gpgkey/nodesource.gpg.key | apt-key add -"#,
    #"RUN echo "deb [signed-by=/usr/share/keyrings/pgdg.asc] https://apt.postgresql.org/pub bookworm main" > /etc/apt/sources.list.d/pg.list"#,
    #"ENV POSTGRES_PASSWORD_FILE=/run/secrets/pg"#,
    #"ENV MYSQL_ALLOW_EMPTY_PASSWORD=yes"#,
    #"ENV MYSQL_RANDOM_ROOT_PASSWORD=1"#,
    #"ENV REGISTRY_AUTH=htpasswd"#,
    #"ENV MINIO_ACCESS_KEY_FILE=access_key MINIO_SECRET_KEY_FILE=secret_key MINIO_ROOT_PASSWORD_FILE=secret_key MINIO_KMS_SECRET_KEY_FILE=kms_master_key"#,
    #"ENV TOKENIZERS_PARALLELISM=false"#,
    #"ENV HF_TOKEN_PATH=/root/token"#,
    #"ENV PASSWORD_STORE_DIR=/x"#,
    #"ENV KEYCLOAK_ADMIN=admin"#,
    #"ENV PYTHON_GET_PIP_SHA256=4e7b9d2f0f1c0d7e3e9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e"#,
    #"ENV REDIS_DOWNLOAD_SHA=5981179706f8391f03be91d951acafaeda91af7fac56beffb2701963103e423d"#,
    #"ENV POSTGRES_HOST_AUTH_METHOD=trust"#,
    #"ENV PGDATA=/var/lib/postgresql/data"#,
    #"RUN apt-get install -y passwd=1:4.13+dfsg1-1 libsecret-1-0=0.20.5-3 pass=1.7.4-6"#,
    #"RUN passwd -d root && passwd -l app"#,
    #"RUN useradd --system --password ! app"#,
    #"RUN adduser -D -h /home/app --disabled-password app"#,
    #"LABEL description="Give your token: see docs" org.opencontainers.image.authors="x""#,
    #"LABEL org.opencontainers.image.source="https://github.com/a/b""#,
    #"CMD ["node", "server.js", "--token-file=/run/x"]"#,
    #"CMD ["redis-server", "--requirepass", "$REDIS_PASSWORD"]"#,
    #"ENV SECRET_KEY=${SECRET_KEY}"#,
    #"ENV API_KEY=<your-api-key>"#,
    #"ENV NEXTAUTH_SECRET=changeme"#,
    #"RUN test -n "$PASSWORD" || (echo "set PASSWORD"; exit 1)"#,
    #"RUN mysql -p"$MYSQL_PASSWORD" -e x"#,
    #"RUN docker run -p 8080:80 x"#,
    #"RUN curl -u "$USER:$PASS" https://x"#,
    #"RUN ssh-keygen -t ed25519 -N "" -f /etc/ssh/k"#,
    #"ENV PRIMARY_KEY=id CACHE_KEY=v1-node"#,
    #"HEALTHCHECK CMD curl -f http://localhost:8080/health || exit 1"#,
    #"HEALTHCHECK CMD mysqladmin ping -h localhost -p${MYSQL_ROOT_PASSWORD}"#,
    #"ENV JAVA_OPTS=-Djavax.net.ssl.trustStorePassword=changeit"#,
    #"ENV COMPOSER_AUTH={}"#,
    #"ENV PHP_SHA256=49... PHP_ASC_URL=https://www.php.net/distributions/php-8.3.tar.xz.asc"#,
    #"ENV SSL_CERT_FILE=/etc/ssl/certs/ca.crt SSH_AUTH_SOCK=/ssh-agent"#,
    #"ENV AUTH_SECRET_NAME=foo TOKEN_URL=https://login.example/token"#,
    #"ENV SENTRY_DSN=https://abc0123456789abcdef0123456789abc@o1.ingest.sentry.io/2"#,
    #"ENV NEXT_PUBLIC_POSTHOG_KEY=phc_aB3dE5gH7jK9mN1pQ3sT5aB3dE5gH7jK9mN1pQ3sT5x"#,
    #"ENV STRIPE_KEY=pk_live_aB3dE5gH7jK9mN1pQ3sT5"#,
    #"ENV MAX_TOKENS=4096 TOKEN_LIMIT=10"#,
    #"ENV RECAPTCHA_SITE_KEY=6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"#,
    #"ENV DB_PASSWORD="#,
    #"ADD file:8c3c1d1d9b2d4a6a8e1f3b5c7d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80912 in /"#,
    #"COPY --from=build /app/secrets.example.json /app/ # buildkit"#,
    #"ENV ASPNETCORE_Kestrel__Certificates__Default__Path=/x"#,
    #"ENV SSH_KEY=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIm6"#,
    #"RUN wget --user-agent=Mozilla https://x"#,
    #"RUN echo "root:x:0:0" > /etc/passwd && getent passwd app:"#,
    #"ENV KAFKA_SASL_MECHANISM=PLAIN KEYSTORE=/x SPRING_PROFILES_ACTIVE=prod"#,
    #"RUN git config --global credential.helper store"#,
    #"RUN npm config set registry https://registry.npmjs.org/"#,
    #"RUN a=1 b==2 =c ="#,
  ]

  @Test(arguments: harmless)
  func isNoneAndShown(step: String) {
    #expect(SecretText.masked(step) == step)
    var image = ImageUnderTest()
    image.details.history = [HistoryFacts(createdBy: step, layer: 0)]
    #expect(image.findings("FORGE-I008") == [])
  }

  @Test(arguments: ["--password", "-storepass", "--api-key"])
  func aFlagAndItsValueMayBeTwoWords(flag: String) {
    let command = ["/app/run", flag, Self.value, "--port=80"]
    #expect(SecretText.masked(command: command) == ["/app/run", flag, "***", "--port=80"])
    var image = ImageUnderTest()
    image.cmd = command
    #expect(image.findings("FORGE-I008").map(\.location) == ["config.Cmd"])
  }

  @Test(arguments: [
    "PGPASSWORD", "RABBITMQ_DEFAULT_PASS", "SMTP_PASS", "GITHUB_PAT", "dbPassword", "JWT_SECRET",
    "spring.datasource.password", "db-password", "AUTH_TOKEN_2",
  ])
  func namesOfSettings(name: String) {
    var image = ImageUnderTest()
    image.details.config.environment = ["\(name)=\(Self.value)"]
    #expect(image.findings("FORGE-I008").map(\.message) == ["ENV \(name) holds a secret"])
    image = ImageUnderTest()
    image.details.config.labels = ["com.acme.\(name)": Self.value]
    #expect(image.findings("FORGE-I008").map(\.location) == ["config.Labels"])
  }

  @Test(arguments: [
    "Server=db;User Id=sa;Password=%;", "jdbc:postgresql://db/a?user=u&password=%",
    "mongodb+srv" + "://u:%@db.acme.net/a", "postgresql+asyncpg" + "://u:%@db/a",
    "amqps" + "://u:%@mq/",
  ])
  func connections(template: String) {
    var image = ImageUnderTest()
    image.details.config.environment = ["A=" + template.replacing("%", with: Self.value)]
    #expect(image.findings("FORGE-I008").map(\.location) == ["config.Env"])
  }
}
