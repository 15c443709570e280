"""What others are told as it happens: endpoints that subscribe, an outbox, and its delivery (Standard Webhooks)."""
