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
debt-note = You owe { $debt ->
    [1] 1 point
   *[other] { $debt } points
}; what you earn next settles it first
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
age-note-asking = Figures of { $time }, being checked with headquarters
age-note = As of { $time }

rewards-title = Rewards for you
rewards-note = Touch one to redeem it
rewards-none = New rewards are on their way
reach-short = { $short } to go
reach-tier = { $tier } only
reach-gone = All gone
voucher-waiting = { $reward } is waiting · { $code }

end = Done
confirm-title = Redeem “{ $reward }”?
confirm-subtitle = The points are taken at once
confirm-before = You have
confirm-spend = This takes
confirm-rest = You keep
confirm = Redeem
cancel = Cancel
redeeming = Redeeming, one moment…

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

banner-offline = We are offline: you can look, but not redeem just now
countdown = Ends in { $seconds } s
still-there = Are you still there?
stay = Stay
