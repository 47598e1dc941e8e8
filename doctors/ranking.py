"""What the best match is made of. All weights are here; docs/search.md explains them.

Points add up. What a doctor has without being asked for (the standing) is written into the listing, where an index
sorts by it, so a new weight of these needs a migration; the others count from the next search on.
"""

from typing import Final

# Of the standing: an open time within SOON_DAYS; a Bayesian mean of five stars (one star is nothing); a page that says
# all that patients look for.
SOON: Final = 2.0
RATING: Final = 1.5
COMPLETENESS: Final = 0.5
SOON_DAYS: Final = 3

# Of a text, for each of its phrases, by the best that it is of a doctor. A specialty adds as much of its share as the
# phrase surely means it. A registration number that fits outdoes everything.
BY_REGISTRATION: Final = 100.0
BY_WHOLE_NAME: Final = 10.0
BY_NAME: Final = 8.0
BY_SPECIALTY: Final = 6.0
BY_OTHER_WORDS: Final = 1.0

# Of a point: at it, falling to nothing at the edge of what was asked for.
NEARNESS: Final = 2.0
