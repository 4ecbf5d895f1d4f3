"""The server's side of the live parts: channel, frames, component, assets."""
