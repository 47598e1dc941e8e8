"""What the demo's patients have said of a year of visits, the doctors' replies, and what waits to be moderated."""

from datetime import timedelta
from random import Random

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Status
from doctors.models import Doctor
from reviews.forms import first_name
from reviews.models import Review, ReviewEvent, ReviewRequest
from reviews.services import Words, ask_for_change, edit_review, hide_review, report_review
from reviews.services.asking import WITHIN

# Of a hundred visits so many are reviewed, so many reviews answered, so many signed.
REVIEWED, ANSWERED, SIGNED = 85, 35, 60
# The demo's doctor answers all of them within so long.
ANSWERED_AFTER = timedelta(days=12)
# So many of the demo's patient's latest wait to be reviewed.
LEFT = 3
STARS = ((5, 4, 3, 2, 1), (52, 27, 12, 5, 4))
SAID = {
    5: (
        "She listened to the end and explained every step in plain words. I left without a question.",
        "Began on time, took all the time that was needed, and wrote down clearly what to do next.",
        "Very kind with my mother, who hears badly. He repeated everything as often as she asked.",
        "The first doctor who looked at all the papers I had brought before saying anything.",
        "খুব মন দিয়ে কথা শুনেছেন এবং সহজ ভাষায় সব বুঝিয়ে দিয়েছেন।",
        "ঠিক সময়ে শুরু হয়েছে। ব্যবহার খুবই ভালো।",
        "",
    ),
    4: (
        "A good visit. I would have liked a little more time at the end.",
        "Clear answers, friendly, and the picture was good all the way. Ten minutes late.",
        "Explained well. The chamber was crowded, but the token was called in order.",
        "ভালো ডাক্তার, তবে একটু তাড়াহুড়া ছিল।",
        "",
    ),
    3: (
        "Correct and short. I had to ask twice what the next step was.",
        "The advice was fine, the waiting was long.",
        "চেম্বারে অনেকক্ষণ অপেক্ষা করতে হয়েছে, কিন্তু পরামর্শ কাজে লেগেছে।",
        "",
    ),
    2: ("Forty minutes late and then in a hurry. Nobody told us why.", "I had hardly begun when it was over."),
    1: ("He took two calls while I was talking.", "আমার কথা শেষ না হতেই ভিজিট শেষ।"),
}
REPLIES = {
    True: (
        "Thank you for taking the time to write. It is good to hear.",
        "Thank you. I pass it on to my team.",
        "ধন্যবাদ। ভালো থাকবেন।",
    ),
    False: (
        "I am sorry that you had to wait. We leave more time between visits since last month.",
        "Thank you for saying so openly. That is not how a visit should be; please tell the desk, and we talk.",
        "অপেক্ষার জন্য দুঃখিত। সময়সূচি আমরা বদলেছি।",
    ),
}


def write_reviews(random: Random, doctors: list[Doctor], account: User, *, moderator: User) -> int:
    """Reviews of visits of the past year, some of them to be moderated; how many.

    The demo's patient has reviewed some of her family's visits, and is asked about the others.
    """
    now = timezone.now()
    held = Appointment.objects.filter(status=Status.COMPLETED).select_related("booked_by", "doctor__user")
    visits = [visit for visit in held.order_by("period", "pk") if visit.booked_by_id != visit.doctor.user_id]
    asked_lately = [visit for visit in visits if visit.end > now - WITHIN and visit.booked_by_id != account.pk]
    ReviewRequest.objects.bulk_create([ReviewRequest(appointment=visit) for visit in asked_lately])
    left = [visit for visit in visits if visit.booked_by_id == account.pk][-LEFT:]
    over = [visit for visit in visits if visit.end < now - timedelta(days=2) and visit not in left]
    chosen = [visit for visit in over if random.randrange(100) < REVIEWED]
    written = [_review(random, visit) for visit in chosen]
    for review in written:
        if review.doctor_id == doctors[0].pk and review.posted_at < now - ANSWERED_AFTER and not review.reply:
            _answer(random, review)
    reviews = Review.objects.bulk_create(written)
    steps = [
        ReviewEvent(review=each, by=each.author, new=each.status, code=ReviewEvent.Code.POSTED, at=each.posted_at)
        for each in reviews
    ]
    steps += [
        ReviewEvent(
            review=each,
            by=each.doctor.user,
            old=each.status,
            new=each.status,
            code=ReviewEvent.Code.REPLIED,
            at=each.replied_at,
        )
        for each in reviews
        if each.replied_at
    ]
    ReviewEvent.objects.bulk_create(sorted(steps, key=lambda step: step.at))
    _moderate(reviews, doctors[0], moderator)
    return len(reviews)


def _review(random: Random, visit: Appointment) -> Review:
    (stars,) = random.choices(*STARS)
    posted = visit.end + timedelta(hours=random.randint(2, 40))

    def part() -> int | None:
        return min(5, max(1, stars + random.choice((-1, 0, 0, 1)))) if random.randrange(4) else None

    review = Review(
        appointment=visit,
        doctor=visit.doctor,
        author=visit.booked_by,
        stars=stars,
        listening=part(),
        explaining=part(),
        punctuality=part(),
        text=random.choice(SAID[stars]),
        signed_as=first_name(visit.booked_by) if random.randrange(100) < SIGNED else "",
        posted_at=posted,
    )
    if review.text and random.randrange(100) < ANSWERED:
        _answer(random, review)
    return review


def _answer(random: Random, review: Review) -> None:
    review.reply = random.choice(REPLIES[review.stars > 3])
    review.replied_at = min(review.posted_at + timedelta(hours=random.randint(3, 90)), timezone.now())


def _moderate(reviews: list[Review], doctor: Doctor, moderator: User) -> None:
    """One hidden, one to be changed, one that was changed, and two that are reported and wait."""
    lately = [each for each in reversed(reviews) if each.text and each.doctor_id != doctor.pk][:6]
    own = [each for each in reversed(reviews) if each.doctor_id == doctor.pk and each.stars < 4][:1]
    for review in own:
        report_review(review, about="review", reason="untrue", words="We began on time that day.", by=doctor.user)
    if len(lately) < len(("hidden", "asked", "changed", "reported")):
        return
    hidden, asked, changed, reported = lately[:4]
    hide_review(hidden, note="It was about a visit to another doctor.", by=moderator)
    ask_for_change(asked, note="Please leave out the name of the nurse.", by=moderator)
    ask_for_change(changed, note="Please leave out where the doctor lives.", by=moderator)
    edit_review(changed, Words(stars=changed.stars, text="The advice was good, the wait was not."), by=changed.author)
    report_review(reported, about="review", reason="private", words="", by=doctor.user)
