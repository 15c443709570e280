# Everything a customer reads on the kiosk. Numbers and dates come in already formatted for the language.

language-name = English

attract-headline = Tap your member card
attract-hint = Lay your card flat on the reader and hold it a moment
attract-card = MEMBER
attract-no-reader = The card reader is not connected
attract-no-store = Out of service
attract-call-staff = Please call a member of staff

identifying = Reading your card…

greeting-morning = Good morning, { $name }
greeting-noon = Good day, { $name }
greeting-afternoon = Good afternoon, { $name }
greeting-evening = Good evening, { $name }
greeting-nameless = Welcome back

points-label = points to spend
points-unit = points
stat-next-tier = To { $tier }
stat-top-tier = Your tier
stat-top-tier-value = The highest
stat-expiring = Expire within { $days } days
stored-value = Stored value { $value }
stored-value-bonus = Stored value { $value }, { $bonus } of it a gift
member-field = { $name }: { $value }
debt-note = You owe { $debt ->
    [1] 1 point
   *[other] { $debt } points
}; what you earn next settles it first
receipt-note = { $points ->
    [0] Your receipt is here; headquarters will book its points
    [1] About 1 point for your receipt is on its way
   *[other] About { $points } points for your receipts are on their way
}
unbooked-note = { $points ->
    [1] 1 point was
   *[other] { $points } points were
} used here and { $points ->
    [1] is
   *[other] are
} still to be confirmed
pending-note = { $pending ->
    [1] 1 more point is
   *[other] { $pending } more points are
} on the way, the first on { $date }
rule-note = { $points ->
    [1] 1 point
   *[other] { $points } points
} for every { $amount } spent
rule-note-multiplied = { $points ->
    [1] 1 point
   *[other] { $points } points
} for every { $amount } spent, times { $multiplier } for { $tier }
time-yesterday = { $time } yesterday
age-note-asking = Figures of { $time }, being checked with headquarters
age-note = As of { $time }

rewards-title = Rewards for you
rewards-note = Touch one to redeem it
rewards-note-offline = Here now: up to { $points ->
    [1] 1 point
   *[other] { $points } points
} each
rewards-note-offline-none = Offline: redeeming has to wait
rewards-note-offline-ask = Offline: touch one, and we look for your points at other kiosks here
rewards-none = New rewards are on their way
reach-here = Here now
reach-later = Online only
reach-ask = We can look
reach-short = { $short } to go
reach-tier = { $tier } only
reach-gone = All gone
voucher-waiting = { $reward } is waiting · { $code }
voucher-unbooked = { $reward } is waiting · { $code } · being confirmed

end = Done
confirm-title = Redeem “{ $reward }”?
confirm-subtitle = The points are taken at once
confirm-before = You have
confirm-spend = This takes
confirm-rest = You keep
confirm = Redeem
cancel = Cancel
redeeming = Redeeming, one moment…
redeeming-elsewhere = Looking for your points at the other kiosks of this store…

voucher-title = It is yours
voucher-title-again = Your voucher
voucher-title-rejected = Staff will help you
voucher-summary = { $reward } · { $points } points used
voucher-summary-again = { $reward } · redeemed { $time }
voucher-hint = Show this code at the counter
voucher-hint-rejected = Please take this code to the counter; staff will sort it out
standing-provisional = Being confirmed
standing-confirmed = Confirmed
standing-rejected = Not confirmed
done = Done
more = More rewards

refusal-title = That did not work
refusal-title-offline = We are offline
refusal-title-card = Please try once more
dismiss = All right

notice-title = About an earlier visit
notice-reward = Headquarters could not book { $reward }, redeemed here { $time }, and has taken no points for it. If you have not received it, please ask at the counter.
notice-points = Headquarters could not book what you redeemed here { $time } for { $points } points, and has taken none for it. If you have not received it, please ask at the counter.
notice-receipt = Headquarters could not count the receipt that you scanned here { $time }; it may have been counted before. If it was not, please take it to the counter.
notice-general = Headquarters could not book what you did here { $time }, and has taken nothing for it. Please ask at the counter; staff can see it too.

banner-offline = We are offline: you can look, and redeem what is marked Here now
banner-storage = For staff: this kiosk's storage is { $percent } % full. Please connect it to the network, or call headquarters.
banner-waiting = For staff: this kiosk has begun a new journal. Please ask headquarters to accept it.
banner-forked = For staff: this kiosk's journal is not the one that headquarters knows. Please call headquarters.
banner-revoked = For staff: headquarters has withdrawn this kiosk. Please call headquarters.
countdown = Ends in { $seconds } s
still-there = Are you still there?
stay = Stay
