/// What happened in a folder that is watched.
package enum FolderChange: Sendable, Equatable {
    /// A file was written and closed, or came from elsewhere whole.
    case written(String)
    /// A file is being written.
    case growing(String)
    /// A name was made for a file: one that is about to be written, or another name of one that is there.
    case named(String)
    /// A folder is there that was not; what is in it is watched from now on. One that came from elsewhere has its files,
    /// and one that was made gets them.
    case folder(String, hasFiles: Bool)
    /// A file or a folder went elsewhere or was removed.
    case gone(String, isFolder: Bool)
    /// More happened than was told: all is to be looked through.
    case unknown
}
