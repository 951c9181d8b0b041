import ForgeCodebase

/// The folders of an image that the code writes by paths that stand in it, and that the image's user therefore owns.
package struct WritableFolders: Sendable, Equatable {
  /// Below the service's own folder, relative to it; sorted.
  package private(set) var own: [String] = []
  /// Files of the source that are written, relative to the service; sorted.
  package private(set) var files: [String] = []
  /// Files that are made beside those of the source, each a link into the folder of such files; sorted.
  package private(set) var links: [Link] = []
  /// Absolute paths elsewhere, the home among them; sorted.
  package private(set) var others: [String] = []
  /// Whether the service's own folder is written.
  package private(set) var writesRoot = false
  /// The user's home, where the code keeps something in it.
  package private(set) var home: String?
  /// Absolute paths at which a volume may be mounted without hiding files of the source; sorted, none in another.
  package private(set) var mountable: [String] = []

  /// A file that the source does not have, and the writable place that it leads to.
  package struct Link: Sendable, Equatable {
    /// Relative to the service.
    package let path: String
    package let target: String
  }

  /// Where files go that are made beside those of the source: no volume can be mounted over the code.
  private static let data = "/data"

  /// - Parameters:
  ///   - home: the home that the image would give its user.
  ///   - root: where the service's folder stands in the image.
  init(_ service: Service, home: String?, at root: String) {
    var mountable: Set<String> = []
    for write in service.writes {
      if let file = write.file { files.append(file) }
      if let file = write.newFile {
        link(file)
        mountable.insert(Self.data)
      } else if write.folder == "." {
        writesRoot = true
      } else if write.folder.hasPrefix("~") {
        self.home = home
        if let home { mountable.insert(home) }
      } else if write.folder.hasPrefix("/") {
        mountable.insert(write.folder)
      } else {
        own.append(write.folder)
        if !write.holdsFiles { mountable.insert("\(root)/\(write.folder)") }
      }
    }
    own = Set(own).sorted()
    files = Set(files).sorted()
    links.sort { $0.path < $1.path }
    others = mountable.filter {
      !$0.hasPrefix(root + "/") && $0 != "/tmp" && !$0.hasPrefix("/tmp/")
    }
    .sorted()
    self.mountable = mountable.filter { folder in
      !mountable.contains { $0 != folder && folder.hasPrefix($0 + "/") }
    }.sorted()
  }

  /// Two files of one name keep apart by their folders.
  private mutating func link(_ file: String) {
    let name = String(file.split(separator: "/").last ?? "")
    var target = "\(Self.data)/\(name)"
    if links.contains(where: { $0.target == target }) {
      target = "\(Self.data)/" + file.replacing("/", with: "-")
    }
    links.append(Link(path: file, target: target))
  }

  package var isEmpty: Bool {
    own.isEmpty && files.isEmpty && links.isEmpty && others.isEmpty && !writesRoot
  }
}
