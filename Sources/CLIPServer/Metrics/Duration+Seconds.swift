extension Duration {
    /// As one number.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
