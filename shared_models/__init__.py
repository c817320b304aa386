"""The ground floor: what the desktop program and the server must agree on. No Qt, no HTTP, no e-mail."""
