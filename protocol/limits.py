"""Every maximum of the protocol, by name, its unit last. Both sides refuse what is larger."""

MESSAGE_MAX_BYTES = 65_536
"""Largest MQTT payload; the broker is configured to the same figure."""

EVENT_MAX_BYTES = 8_192
"""Largest event; refused when it is journaled, so that a queued event can always be sent."""

BATCH_MAX_EVENTS = 64
"""Most events in one envelope."""

BATCH_MAX_BYTES = 49_152
"""Most bytes of events in one envelope; the rest of MESSAGE_MAX_BYTES is for the envelope itself."""

WINDOW_MAX_BATCHES = 8
"""Most envelopes that a kiosk has sent and not yet seen a receipt for."""

REQUEST_EXPIRY_S = 10
"""A request or a reply older than this is dropped by the broker: a late answer must not redeem."""

VISIT_MAX_S = 120
"""How long one verified tap authorises requests of its visit."""

PURCHASE_MAX_LINES = 100
"""Most lines on one purchase."""

RECEIPT_CODE_MAX_CHARS = 2_953
"""Longest code on a receipt: what the largest QR code holds in bytes (ISO/IEC 18004, version 40, level L)."""

DOCUMENT_PAGE_MAX_ITEMS = 40
"""Most items on one page of a document."""

REPORT_MAX_MEMBERS = 400
"""Most member versions acknowledged in one report."""

VERIFIERS_MAX = 64
"""Most readings of one card that a kiosk can recognise by itself."""

CARDS_MAX = 4
"""Most cards of one member that a kiosk can recognise by itself."""

JOURNAL_FILLING_PERCENT = 50
JOURNAL_NEARLY_FULL_PERCENT = 80
"""Shares of a kiosk's room for events from which somebody is told, and from which somebody has to come."""

PASSED_LEASES_FROM = 2**52
"""Leases that a kiosk has from a neighbour have numbers from here on, those that the hub gives lie below."""

PASS_NOTE_MAX_CHARS = 2_000
"""Longest note by which a kiosk passes points on."""

NEIGHBOURS_MAX = 16
"""Most other kiosks of a store that one kiosk talks to."""

PIECES_MAX = 10_000
"""Most pieces of a reward in one lease."""

NOTICES_MAX = 10
"""Most notices for a member in one snapshot."""

AUDIT_HEADS_MAX = 8
"""Most heads of the hub's audit log that a kiosk remembers."""

FIELDS_MAX = 4
"""Most of a chain's own fields in one snapshot."""

VALUE_MAX = 10**12
"""Largest amount of points or minor units in one message; far below what 64 bits hold."""

TEXT_MAX_CHARS = 200
"""Longest free text in a message."""

TOKEN_MAX_CHARS = 64
"""Longest code or name that one side gives a thing: a store, a tier, a receipt number."""
