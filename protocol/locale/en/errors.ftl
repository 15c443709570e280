# One sentence a code: first what happened, then what to do.
# A code's dots stand as hyphens here: card.torn is card-torn.

card-torn = The card left too soon. Lay it flat on the reader and hold it a moment longer.
card-unsupported = This is not a member card. Please use your member card.
card-unknown = This card is not registered yet. Please ask at the counter.
card-unknown_offline = We are offline, and this card has not been used here before. Please try again later or ask at the counter.
card-invalid = This card could not be verified. Please have it replaced at the counter.
card-replayed = This tap has been used already. Take the card away and tap again.
card-blocked = This card is blocked. Please ask at the counter.
card-taken = This card already belongs to a member.

member-unknown = No such member was found.
member-blocked = This membership is suspended. Please ask at the counter.
member-phone_taken = This phone number is registered already.
birthday-invalid = The birthday lies in the future. Please check it.
phone-invalid = The phone number does not look right. Please check it.
visit-expired = Your time ran out. Please tap your card again.
points-short = { $short } points to go. A few more visits and it is yours.
reward-unknown = This reward is no longer offered. Please choose another one.
reward-gone = This reward is all gone. Please choose another one.
reward-tier = This reward is for members of a higher tier.
reward-price_changed = This reward now takes { $points } points. Please confirm once more.
redeem-static_card = This card shows and collects points. To redeem, get the new card at the counter.
redeem-offline = We are offline and cannot redeem just now. Your points are untouched; please try again later.
redeem-unverified = Headquarters has not checked this card yet. Wait a moment, or tap the card once more.
redeem-no_answer = Headquarters did not answer in time. Your points come back by themselves; please try again later.
tier-unknown = There is no such tier.
lease-unknown = There is no such lease.
lease-different = This was not what the points were set aside for. Please go to the counter.
lease-overspent = More was spent than the lease held.
lease-closed = This lease is closed already.
purchase-known = This receipt is booked already, with other content.
purchase-not_here = Kiosks of this store do not record purchases.
amount-invalid = The amount is not right. Please check it and send it again.
currency-unknown = This currency is not supported.
store-unknown = There is no such store.
voucher-unknown = No such voucher was found.
voucher-handed_out = This voucher has been handed out already.

store-read_only = This kiosk cannot save anything just now. Please go to the counter.
store-full = This kiosk's storage is full. Please go to the counter.
reader-missing = The card reader is not connected. Please call a member of staff.
kiosk-unknown = This kiosk is not registered.
kiosk-revoked = This kiosk has been revoked.
hub-unreachable = Headquarters cannot be reached just now. Please try again later.

message-undecodable = The message cannot be read.
message-too_large = The message is larger than allowed.
kind-unknown = This kind of message is not known; it is kept and tried again after an upgrade.
shard-foreign = The message came under a foreign shard.
signature-invalid = The signature of the message is wrong.
chain-broken = The message does not follow on what is known.
chain-forked = The records of this kiosk and of headquarters differ. Please call headquarters.
epoch-unknown = Headquarters has not accepted this kiosk's new journal yet. Please go to the counter.
event-conflict = Another record with this id has different content.
event-failed = This record could not be processed; it is kept for inspection.
document-unknown = There is no such document.

request-invalid = The request is not right. Please check the fields named.
request-id_missing = Please give the request an id in the Idempotency-Key header.
request-conflict = This request id was used before, with other content.
request-failed = The server failed. Please repeat the request with the same id.
request-overloaded = The server is busy. Please repeat the request with the same id in a moment.
key-missing = The request carries no API key.
key-unknown = The API key is not right.
key-revoked = The API key has been revoked.
permission-denied = You may not do this.
store-out_of_scope = This belongs to a store outside your scope.
path-unknown = There is nothing at this address.
