import Foundation
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// What Hummingbird leaves to others of a connection: it sees a client leave while its request is being answered, asks for a
/// body whose sender waits to be asked, and ends a connection whose answer says so.
final class ClientWatch: ChannelDuplexHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let lock = NSLock()
    private var stored: (@Sendable () -> Void)?  // guarded by `lock`
    private var isGone = false  // guarded by `lock`
    // Both of the event loop's thread alone.
    private var closes = false
    private var isOver = false

    /// Called once the client has left, at once where it has.
    var onGone: (@Sendable () -> Void)? {
        get { lock.withLock { stored } }
        set {
            let isGone = lock.withLock { () -> Bool in
                stored = newValue
                return self.isGone
            }
            if isGone { newValue?() }
        }
    }

    private func leave() {
        lock.withLock { () -> (@Sendable () -> Void)? in
            isGone = true
            return stored
        }?()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let request) = unwrapInboundIn(data),
            request.headerFields[.expect]?.lowercased() == "100-continue"
        {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    /// What a client sends after its answer stays where it is.
    func read(context: ChannelHandlerContext) {
        if !isOver { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response):
            closes = response.headerFields[.connection]?.lowercased() == "close"
            context.write(data, promise: promise)
        case .end where closes:
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
            isOver = true
            // A client that still sends would lose the answer if the connection broke at once.
            let channel = context.channel
            context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        default: context.write(data, promise: promise)
        }
    }
}
