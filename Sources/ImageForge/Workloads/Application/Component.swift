import ForgeBasics
import ForgeCodebase

/// One kind of pod: what it runs, and what that needs.
package struct Component: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    /// Answers requests, or serves files.
    case server
    /// Brings the database's schema up to date, and ends.
    case migration
    /// Works on what a queue holds.
    case worker
    /// Hands out what is due; two of them would do it twice.
    case scheduler
    /// A server of the Model Context Protocol beside an application.
    case mcp
  }

  /// A DNS label of at most 40 characters that begins with a letter; unique in the application.
  package let name: String
  /// The name of its service in the analysis.
  package let service: String
  /// The folder of its service, relative to the analysed root.
  package let path: String
  package let kind: Kind
  /// Which tool or framework it is of: `node`, `nginx`, `uvicorn`, `alembic`, `celery`.
  package let tool: String
  package let image: ComponentImage
  /// What the image runs. A chart need not repeat it.
  package let command: [String]
  package var ports: [ComponentPort] = []
  /// Nil where nothing listens.
  @EncodesNull package var probes: ComponentProbes?
  /// Sorted by name.
  package var environment: [ComponentVariable] = []
  /// Sorted by path.
  package var writable: [WritableMount] = []
  package let user: Int
  package let group: Int
  package let resources: ComponentResources
  package var replicas: ReplicaPolicy
  package let shutdown: GracefulShutdown
  /// Nil where only the cluster reaches it.
  @EncodesNull package var exposure: Exposure?
  /// `file:line` that says that it is there; sorted.
  package let sources: [String]

  /// Whether it runs until somebody ends it.
  package var isLasting: Bool { kind != .migration }

  package func variables(_ origin: ComponentVariable.Origin) -> [ComponentVariable] {
    environment.filter { $0.origin == origin }
  }
}

/// The image of a component: the one of its service, or of a target of its Dockerfile.
package struct ComponentImage: Codable, Sendable, Equatable {
  package let repository: String
  /// What `--target` of the build gives it; nil for the image itself.
  @EncodesNull package var target: String?
}

/// A port that a component listens on.
package struct ComponentPort: Codable, Sendable, Equatable {
  package let name: String
  package let number: Int
}

/// How a cluster sees that a component has started, can take requests, and is alive.
package struct ComponentProbes: Codable, Sendable, Equatable {
  package let startup: ComponentProbe
  package let readiness: ComponentProbe
  package let liveness: ComponentProbe
}

/// One question that the kubelet asks again and again.
package struct ComponentProbe: Codable, Sendable, Equatable {
  /// The URL path that a success must answer; nil: the port must take a connection.
  @EncodesNull package var path: String?
  /// The name of the port.
  package let port: String
  /// What the request says as its host: applications that check it know no addresses of pods.
  @EncodesNull package var host: String?
  package let periodSeconds: Int
  package let timeoutSeconds: Int
  package let failureThreshold: Int
  package let reason: String
}

/// How the value of a variable gets to a component.
package struct ComponentVariable: Codable, Sendable, Equatable {
  package enum Origin: String, Codable, Sendable {
    /// From a ConfigMap.
    case config
    /// From a Secret.
    case secret
    /// Fixed when the image is built: setting it in a cluster does nothing.
    case build
    /// The address of another component.
    case address
    /// What the image's server needs from every cluster.
    case platform
  }

  package let name: String
  package let origin: Origin
  /// Whether something breaks without it, as far as the code proves.
  package let requirement: EnvironmentVariable.Requirement
  /// What the code does without; nil for secrets.
  @EncodesNull package var `default`: String?
  /// The fixed value: of `platform` alone.
  @EncodesNull package var value: String?
  /// The component whose address it is: of `address` alone.
  @EncodesNull package var component: String?
  /// How a build gets it: of `build` alone; `argument` or `secret`.
  @EncodesNull package var build: BuildInput?
  package let reason: String
  /// `file:line` of what reads it; sorted.
  package let sources: [String]

  package enum BuildInput: String, Codable, Sendable {
    case argument, secret
  }
}

/// A folder that a component writes, where everything else is read-only.
package struct WritableMount: Codable, Sendable, Equatable {
  package enum Lifetime: String, Codable, Sendable {
    /// May be gone with the pod.
    case pod
    /// Must outlive it: a volume of its own.
    case release
  }

  package let path: String
  package let lifetime: Lifetime
  package let reason: String
  package let sources: [String]
}

/// What a component asks of its node. Quantities as Kubernetes writes them.
package struct ComponentResources: Codable, Sendable, Equatable {
  /// The class of workload that the figures are the defaults of: nothing was measured.
  package let defaultsOf: String
  package let cpuRequest: String
  package let memoryRequest: String
  /// There is no limit of CPU: it would only slow down what could run.
  package let memoryLimit: String
  package let storageRequest: String
  package let storageLimit: String
}

/// How many of a component may run.
package struct ReplicaPolicy: Codable, Sendable, Equatable {
  package enum Strategy: String, Codable, Sendable {
    case rollingUpdate = "RollingUpdate"
    /// The old one ends before the new one starts: two would share what only one may have.
    case recreate = "Recreate"
  }

  package let count: Int
  package let strategy: Strategy
  /// Whether an autoscaler may add more.
  package let mayScale: Bool
  package let reason: String
  package let sources: [String]
}

/// How a component ends.
package struct GracefulShutdown: Codable, Sendable, Equatable {
  /// Before SIGTERM, so that no new request comes: end points are taken out meanwhile.
  package let preStopSeconds: Int
  /// Until SIGKILL, the former included.
  package let gracePeriodSeconds: Int
  package let reason: String
}

/// That clients outside of the cluster reach a component.
package struct Exposure: Codable, Sendable, Equatable {
  /// Beginnings of URL paths that the component serves under those names itself; the longest first.
  package let paths: [String]
  /// Whether its paths stand beside those of another component's, so that both can have one host.
  package let sharesHost: Bool
  package let reason: String
  package let sources: [String]
}
