"""The programme's terms: earning rules, gifts, packages and policies, as versioned documents. Knows none of them."""
