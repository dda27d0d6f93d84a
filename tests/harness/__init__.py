"""What the end-to-end tests share: generated protos, a real server, a client, readable answers."""
