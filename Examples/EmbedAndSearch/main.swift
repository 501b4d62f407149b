// Finds a folder's pictures by words. The pictures' vectors are kept beside them, so that only the first search reads
// the pictures.
//
//     swift run EmbedAndSearch ~/Pictures "a sunny beach"

import CLIP
import Foundation
import Imaging

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 2 else {
    print("usage: EmbedAndSearch folder words")
    exit(64)
}
let (folder, words) = (arguments[0], arguments[1])

let clip = try await CLIPModel.load()
let kept = folder + "/vectors.npy"
let pictures: Embeddings
if FileManager.default.fileExists(atPath: kept) {
    pictures = try Embeddings(contentsOf: kept)
} else {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    pictures = try await clip.embed(files.compactMap { try? Picture.read(path: folder + "/" + $0) })
    try pictures.write(to: kept)
}
for found in try await pictures.nearest(to: clip.embed(texts: [words]), count: 5)[0].neighbors {
    print("\((found.similarity * 1000).rounded() / 1000)  \(found.row.name)")
}
