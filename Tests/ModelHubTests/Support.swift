import Foundation
import LoopbackServer

@testable import ModelHub

/// A configuration for a server and a folder of the test's own.
func configuration(_ server: TestServer, _ folder: String, token: String? = nil, offline: Bool = false) throws
    -> HubConfiguration
{
    var environment = [
        "HF_ENDPOINT": try server.url().absoluteString, "HF_HUB_CACHE": folder + "/hub", "HOME": folder,
        "HF_HUB_OFFLINE": offline ? "1" : "0",
    ]
    environment["HF_TOKEN"] = token
    var configuration = try HubConfiguration(environment: environment)
    configuration.openAIEndpoint = try server.url("/clip/models")
    return configuration
}

/// Runs `body` with a hub, the host of its large files, and an empty folder.
func withHub(
    _ hub: FakeHub,
    store: @escaping @Sendable (Asked, Int, [UInt8]) -> Reply = { asked, _, bytes in .file(bytes, to: asked) },
    body: (_ server: TestServer, _ store: TestServer, _ folder: String) throws -> Void
) throws {
    try withFolder { folder in
        try withServer({ asked, earlier in
            let name = asked.path.dropFirst().prefix { $0 != "?" }
            return hub.files[String(name)].map { store(asked, earlier, $0) } ?? Reply(status: 404)
        }) { storeServer in
            var hub = hub
            hub.store = try storeServer.url().absoluteString
            try withServer({ [hub] asked, _ in hub.reply(to: asked) }) { server in
                try body(server, storeServer, folder)
            }
        }
    }
}
