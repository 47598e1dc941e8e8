"""The sockets of the room and of a doctor's queue. docs/telehealth.md is the contract; rows are the truth.

A consumer holds what belongs to its socket alone: who it is, its rates, what it last sent. Everything else it fetches
when it is told that something changed.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import asdict, replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import structlog
from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.tickets import Gone, Ticket, ticket_of
from config.announcing import TOLD_WITHIN, loop_of_sockets
from telehealth import messages, services
from telehealth.access import Guest, arrival_of, facts_now, guest_of, has_the_same_right, practice_of, with_room_of_now
from telehealth.beats import note_beat
from telehealth.buckets import Bucket
from telehealth.errors import NoPeer, NotAdmitted, NotAllowed, RoomError
from telehealth.messages import LONGEST_FRAME, Refused
from telehealth.models import ChatMessage, Consultation, Outcome, Presence, RoomStatus, Side
from telehealth.publish import practice_group, room_group
from telehealth.room import as_chat, queue, state
from telehealth.services import Arrival

log = structlog.get_logger()

LEFT, TOO_BIG, LATER = 1000, 1009, 1013
GONE, NOT_OPEN, SILENT, TAKEN_OVER, CLOSED, TOO_MANY, MALFORMED = 4003, 4004, 4008, 4009, 4010, 4029, 4400

ENTER_WITHIN, SILENT_FOR = 10.0, 45.0
# So many messages beyond its rate, and a socket is closed; so many that were not of the form, in a minute.
STRIKES, MALFORMED_A_MINUTE = 200, 10
# Candidates come in bursts: for them the right to be here is looked at once a second.
TRUSTED_FOR = 1.0
# So long is waited for more changes before they are told.
TOGETHER = 0.05


# Together as many as the pool has connections for, with some left for handshakes (config/settings.py). After a restart
# everybody comes at once: those who are in do not wait behind them, or they would be taken for lost and come again too.
THREADS = ThreadPoolExecutor(max_workers=6, thread_name_prefix="rows")
COMING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="coming")
# More at once would wait longer than browsers wait for a handshake, and come again while the first one is still asked
# about: they are told to come later, before any row is asked.
MOST_COMING = 40
# What is asked for hundreds of times a second is not to fetch a connection each time; one that lay idle may be dead.
KEPT_FOR = 20.0


class _Thread(threading.local):
    used_at = 0.0


_thread = _Thread()

# The sockets of rooms that this process has, and those of which somebody is being let in.
_sockets: set["ConsultationConsumer"] = set()
_coming: set["ConsultationConsumer"] = set()

# Who left is written down though nobody waits for it any more.
_departures: set[asyncio.Task[None]] = set()


def _with_connection[R](ask: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """As channels' `database_sync_to_async`, but with the connection that this thread has, while it is well."""
    now = time.monotonic()
    if now - _thread.used_at > KEPT_FOR:
        close_old_connections()
    _thread.used_at = now
    try:
        return ask(*args, **kwargs)
    except (DatabaseError, InterfaceError):
        close_old_connections()
        raise


class Socket(AsyncWebsocketConsumer):
    """What both sockets share: the handshake, limits, silence, and the end of the process."""

    ticket: Ticket

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.all_messages = Bucket(40, 200)
        self.malformed = Bucket(MALFORMED_A_MINUTE / 60, MALFORMED_A_MINUTE)
        self.strikes = 0
        self.deadline: asyncio.TimerHandle | None = None
        self.is_closing = False
        self.threads = COMING
        self.departure: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        loop_of_sockets.set(asyncio.get_running_loop())
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.forget_deadline()
            await self.depart_unheard()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As channels', which before each message has old connections to the database closed in the one thread that all
        sockets share; here `rows` does so in the thread that uses them.

        What was told by others and cannot be passed on is missed, and the next beat shows it. Whoever dies of anything
        else, or is ended because it hangs, leaves: daphne does not tell it any more that its socket is gone.
        """
        name = message["type"]
        try:
            await getattr(self, get_handler_name(message))(message)
        except StopConsumer:
            raise
        except (DatabaseError, RedisError, OSError) as error:
            if name.startswith("websocket."):
                await self.depart_unheard()
                raise
            log.warning("socket_failed", about=name, error=type(error).__name__)
        except BaseException:
            await self.depart_unheard()
            raise

    async def depart(self, *, lost: bool) -> None:
        """Have it written down, once, that this socket is gone; whoever waits for that may be cancelled, it is not."""
        if self.departure is None:
            self.departure = asyncio.ensure_future(self.write_departure(lost))
            _departures.add(self.departure)
            self.departure.add_done_callback(_departures.discard)
        await asyncio.shield(self.departure)

    async def depart_unheard(self) -> None:
        if self.departure is None:
            await self.depart(lost=True)

    async def write_departure(self, lost: bool) -> None:
        raise NotImplementedError

    async def rows[R](self, ask: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Call what reads or writes rows, in a thread of its own: one slow query does not hold up the other sockets."""
        call = partial(copy_context().run, _with_connection, ask, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    async def say(self, message: dict[str, Any]) -> None:
        if not self.is_closing:
            await self.send(text_data=json.dumps(message, ensure_ascii=False, separators=(",", ":")))

    async def refuse(self, code: str, about: str | None = None, *, retry_after: float | None = None) -> None:
        waits = {} if retry_after is None else {"retry_after": round(retry_after, 1)}
        await self.say({"type": "error", "code": code, "about": about, **waits})

    async def end(self, code: int) -> None:
        if not self.is_closing:
            self.is_closing = True
            await self.close(code=code)

    # Silence

    def expect_within(self, seconds: float) -> None:
        self.forget_deadline()
        self.deadline = asyncio.get_running_loop().call_later(seconds, self._fell_silent)

    def _fell_silent(self) -> None:
        self.ending = asyncio.ensure_future(self.end(SILENT))

    def forget_deadline(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()

    # Handshake and frames

    async def connect(self) -> None:
        try:
            await self.arrive()
        except Gone:
            # Before it is accepted: the browser sees a 403.
            await self.end(GONE)

    async def arrive(self) -> None:
        raise NotImplementedError

    async def take(self, frame: str) -> None:
        raise NotImplementedError

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.is_closing:
            return
        if not self.all_messages.take():
            self.strikes += 1
            if self.strikes > STRIKES:
                await self.end(TOO_MANY)
            elif self.strikes == 1 or self.strikes % 50 == 0:
                await self.refuse("rate", retry_after=self.all_messages.wait)
            return
        if (
            text_data is None
            or len(text_data) > LONGEST_FRAME
            or len(text_data.encode(errors="replace")) > LONGEST_FRAME
        ):
            await self.end(TOO_BIG if text_data is not None else MALFORMED)
            return
        try:
            await self.take(text_data)
        except Refused as no:
            await self.refuse(no.code, no.about)
            if not self.malformed.take():
                await self.end(MALFORMED)


class ConsultationConsumer(Socket):
    """One device of one side of a consultation."""

    guest: Guest

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = uuid4()
        self.buckets = messages.buckets()
        self.arrival: Arrival | None = None
        self.seating: asyncio.Future[bool] | None = None
        self.checked_at = 0.0
        self.sent: tuple[int, bool] = (-1, False)
        self.stating = asyncio.Lock()
        self.untold: asyncio.TimerHandle | None = None
        self.changed_elsewhere = False
        self.peer: UUID | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            _sockets.discard(self)

    async def connect(self) -> None:
        """One more than the process can hear in time would cost all of them their rooms: it is to come again later."""
        if len(_sockets) >= settings.ROOM_SOCKETS or len(_coming) >= MOST_COMING:
            await self.accept()
            await self.end(LATER)
            return
        _sockets.add(self)
        with self.coming():
            await super().connect()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Only while rows are asked: who opens sockets and says nothing keeps nobody out."""
        _coming.add(self)
        try:
            yield
        finally:
            _coming.discard(self)

    @property
    def pk(self) -> UUID:
        return self.scope["url_route"]["kwargs"]["pk"]

    async def arrive(self) -> None:
        self.ticket, self.guest = await self.rows(arrival_of, self.scope, self.pk)
        guest = self.guest
        await self.accept()
        if not guest.room.is_open:
            closed = guest.room.status == RoomStatus.CLOSED and guest.room.outcome
            await self.end(CLOSED if closed else NOT_OPEN)
            return
        await self.channel_layer.group_add(room_group(self.pk), self.channel_name)
        self.expect_within(ENTER_WITHIN)

    async def check(self) -> Guest:
        """Who this is and may be at this moment, with rows to work on. Raises Gone."""
        guest = await self.rows(guest_of, self.ticket, self.pk)
        # Whoever works on rows may leave them otherwise than the database has them.
        self.guest = replace(guest, facts=())
        self.checked_at = time.monotonic()
        return guest

    async def check_again(self, *, trust: float = 0) -> Guest:
        """The same for what only reads; with `trust`, an answer that is so many seconds old will do. Raises Gone."""
        if trust and time.monotonic() - self.checked_at <= trust:
            return self.guest
        found = await facts_now(self.ticket, self.pk)
        if not has_the_same_right(self.guest, found):
            self.guest = await self.rows(guest_of, self.ticket, self.pk)
        elif found != self.guest.facts:
            self.guest = await self.rows(with_room_of_now, self.guest, found)
        self.checked_at = time.monotonic()
        return self.guest

    async def disconnect(self, code: int) -> None:
        self.is_closing = True
        self.forget_deadline()
        self.forget_untold()
        # First what is true: a layer that does not answer may take what time is left.
        await self.depart(lost=code not in (LEFT, 1001, CLOSED))
        with suppress(RedisError, OSError):
            await self.channel_layer.group_discard(room_group(self.pk), self.channel_name)

    async def write_departure(self, lost: bool) -> None:
        if self.seating is not None:
            # A thread that still writes the coming is waited for, or it would be written after the going.
            await asyncio.wait([self.seating])
            await self.rows(services.leave, self.guest.room, self.connection, lost=lost)

    async def take(self, frame: str) -> None:
        name, message = messages.parse(frame)
        bucket = self.buckets[name]
        if not bucket.take():
            await self.refuse("rate", name, retry_after=bucket.wait)
            return
        try:
            match message:
                case messages.Signal():
                    guest = await self.check_again(trust=TRUSTED_FOR)
                case messages.Beat() | messages.Enter():
                    # Who takes a seat works on rows of its own.
                    guest = await self.check_again()
                case _:
                    guest = await self.check()
            if not guest.room.is_open:
                await self.end(CLOSED if guest.room.outcome else NOT_OPEN)
                return
            if self.arrival is None and not isinstance(message, messages.Enter):
                await self.refuse("not_entered", name)
                return
            self.expect_within(SILENT_FOR)
            await self.do(message, guest)
        except Gone:
            await self.end(GONE)
        except RoomError as no:
            await self.refuse(no.code, name)
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("socket_failed", about=name, error=type(error).__name__)
            await self.refuse("try_again", name, retry_after=1)

    async def do(self, message: messages.Message, guest: Guest) -> None:
        room = guest.room
        match message:
            case messages.Enter():
                await self.enter(message, guest)
            case messages.TakeOver():
                await self.sit(room, self.arrival, take_over=True)
                await self.say_state()
            case messages.Beat():
                await self.beat(message.seen, guest)
            case messages.Signal():
                await self.relay(message)
            case messages.Leave():
                await self.end(LEFT)
            case messages.Admit() | messages.Late() | messages.Close():
                await self.by_the_doctor(message, guest)
            case _:
                await self.from_the_seat(message, guest)

    async def enter(self, message: messages.Enter, guest: Guest) -> None:
        headers = dict(self.scope["headers"])
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        arrival = Arrival(guest.user, guest.side, message.device, message.session, self.connection, agent)
        with self.coming():
            await self.sit(guest.room, arrival)
            self.arrival = arrival
            await self.say_state()
        self.threads = THREADS

    async def sit(self, room: Consultation, arrival: Arrival | None, *, take_over: bool = False) -> None:
        self.seating = asyncio.ensure_future(self.rows(services.enter, room, arrival, take_over=take_over))
        await asyncio.shield(self.seating)

    async def beat(self, seen: int, guest: Guest) -> None:
        found = await note_beat(self.pk, self.connection, guest.side, now=timezone.now())
        version, with_peer = found or await self.rows(services.beat, guest.room, self.connection, guest.side)
        is_waiting = guest.side == Side.PATIENT and guest.room.status == RoomStatus.WAITING
        await self.say({"type": "beat", "now": timezone.now().isoformat(), "version": version})
        # What those who wait are told also changes by itself, as time goes.
        if is_waiting or seen != version or self.sent != (version, with_peer):
            await self.say_state()

    async def relay(self, message: messages.Signal) -> None:
        """To the peer, and nobody else. A media server for groups would be spoken to from here."""
        if self.guest.room.admitted_at is None:
            await self.check_again()
            if self.guest.room.admitted_at is None:
                raise NotAdmitted
        if message.to != self.peer:
            self.peer = await self.rows(self.peer_session)
        if message.to != self.peer:
            raise NoPeer
        body = {"type": "signal", "from": str(self.arrival.session), **message.payload}
        async with asyncio.timeout(TOLD_WITHIN):
            await self.channel_layer.group_send(
                room_group(self.pk), {"type": "room.signal", "to": str(message.to), "body": body}
            )

    def peer_session(self) -> UUID | None:
        """The page of the other side, if this socket has its own side's seat. Raises NoSeat."""
        services.seat_of(self.pk, self.connection)
        seats = Presence.objects.filter(consultation=self.pk, side=self.guest.side.other)
        return seats.values_list("session", flat=True).first()

    async def from_the_seat(self, message: messages.Message, guest: Guest) -> None:
        """What only the device that has the seat may say."""
        room, side = guest.room, guest.side
        match message:
            case messages.Media(mic=mic, camera=camera, screen=screen, audio_only=audio_only):
                sent = {"mic": mic, "camera": camera, "screen": screen, "audio_only": audio_only}
                await self.rows(services.set_media, room, self.connection, **sent)
            case messages.GradeFound(grade=grade):
                await self.rows(services.set_grade, room, self.connection, grade)
            case messages.Quality():
                await self.rows(services.keep_quality, room, self.connection, **asdict(message))
            case messages.Chat(client_id=client_id, text=text):
                await self.rows(services.seat_of, room.pk, self.connection)
                await self.rows(services.write_message, room, text=text, client_id=client_id, by=guest.user, side=side)
            case messages.Receipt(upto=upto, status=status):
                await self.rows(services.seat_of, room.pk, self.connection)
                await self.rows(services.note_receipt, room, upto=upto, status=status, side=side)

    async def by_the_doctor(self, message: messages.Message, guest: Guest) -> None:
        if guest.side != Side.DOCTOR:
            raise NotAllowed
        await self.rows(services.seat_of, guest.room.pk, self.connection)
        match message:
            case messages.Admit():
                await self.rows(services.admit, guest.room, by=guest.user)
            case messages.Late(minutes=minutes):
                await self.rows(services.say_late, guest.room.appointment.doctor_id, minutes=minutes)
            case messages.Close(outcome=outcome):
                await self.rows(services.close, guest.room, outcome=Outcome(outcome), by=guest.user)

    # What the rows' writers tell

    async def say_state(self, *, anew: bool = True) -> None:
        """The whole truth, freshly fetched; whoever has lost the right to it is shown out instead.

        Unless `anew`, nothing is said twice: whoever comes in has said what that changed before hearing of it.
        """
        async with self.stating:
            anew = anew or self.changed_elsewhere
            self.forget_untold()
            try:
                guest = await self.check_again()
            except Gone:
                await self.end(GONE)
                return
            if guest.room.version == self.sent[0] and not anew:
                return
            found = await self.rows(state, guest.room, user=guest.user, side=guest.side, connection=self.connection)
            peer = found["peer"]
            # To whom this socket may signal without being asked for its seat.
            self.peer = UUID(peer["session"]) if peer and found["you"]["seat"] == "held" else None
            self.sent = (found["version"], bool(peer and peer["present"]))
            await self.say(found)

    async def room_changed(self, event: dict[str, Any]) -> None:
        """Changes that come together are told as one state."""
        if self.arrival is None:
            return
        self.changed_elsewhere |= not event["room"]
        if self.untold is None:
            self.untold = asyncio.get_running_loop().call_later(TOGETHER, self._tell_soon)

    def _tell_soon(self) -> None:
        self.telling = asyncio.ensure_future(self._tell_changes())

    async def _tell_changes(self) -> None:
        try:
            await self.say_state(anew=False)
        except (DatabaseError, RedisError, OSError) as error:
            # The next beat shows that something was missed.
            log.warning("socket_failed", about="room_changed", error=type(error).__name__)

    def forget_untold(self) -> None:
        if self.untold is not None:
            self.untold.cancel()
            self.untold = None
        self.changed_elsewhere = False

    async def room_signal(self, event: dict[str, Any]) -> None:
        if self.arrival is None or event["to"] != str(self.arrival.session):
            return
        try:
            await self.check_again(trust=TRUSTED_FOR)
        except Gone:
            await self.end(GONE)
            return
        await self.say(event["body"])

    async def room_media(self, event: dict[str, Any]) -> None:
        if self.arrival is not None:
            await self.say({"type": "media", "side": event["side"], **event["media"]})

    async def room_chat(self, event: dict[str, Any]) -> None:
        if self.arrival is None:
            return
        try:
            await self.check_again()
        except Gone:
            await self.end(GONE)
            return
        message = await self.rows(ChatMessage.objects.get, pk=event["message"])
        await self.say({"type": "chat", **as_chat(message)})

    async def room_receipt(self, event: dict[str, Any]) -> None:
        if self.arrival is not None:
            await self.say({"type": "receipt", **{name: event[name] for name in ("side", "upto", "status")}})

    async def room_closed(self, event: dict[str, Any]) -> None:
        await self.say({"type": "closed", "outcome": event["outcome"]})
        await self.end(CLOSED)

    async def seat_taken(self, event: dict[str, Any]) -> None:
        if event["connection"] == str(self.connection):
            await self.say({"type": "taken_over"})
            await self.end(TAKEN_OVER)


class QueueConsumer(Socket):
    """A doctor's queue: who waits, since when, and how well they are connected."""

    doctor_id: int | None = None

    async def arrive(self) -> None:
        self.ticket = await self.rows(ticket_of, self.scope)
        doctor = await self.rows(practice_of, self.ticket)
        await self.accept()
        self.doctor_id = doctor.pk
        await self.channel_layer.group_add(practice_group(doctor.pk), self.channel_name)
        self.expect_within(SILENT_FOR)
        await self.rows(services.note_desk, doctor.pk, here=True)
        await self.say_queue()
        self.threads = THREADS

    async def disconnect(self, code: int) -> None:
        self.is_closing = True
        self.forget_deadline()
        await self.depart(lost=False)
        if self.doctor_id is not None:
            with suppress(RedisError, OSError):
                await self.channel_layer.group_discard(practice_group(self.doctor_id), self.channel_name)

    async def write_departure(self, lost: bool) -> None:
        if self.doctor_id is not None:
            await self.rows(services.note_desk, self.doctor_id, here=False)

    async def take(self, frame: str) -> None:
        name, _message = messages.parse(frame)
        if name != "beat":
            raise Refused("bad_message", name)
        try:
            await self.rows(practice_of, self.ticket)
            self.expect_within(SILENT_FOR)
            await self.rows(services.note_desk, self.doctor_id, here=True)
            await self.say_queue()
        except Gone:
            await self.end(GONE)
        except DatabaseError as error:
            log.warning("socket_failed", about=name, error=type(error).__name__)
            await self.refuse("try_again", name, retry_after=1)

    async def say_queue(self) -> None:
        try:
            await self.rows(practice_of, self.ticket)
        except Gone:
            await self.end(GONE)
            return
        rows, late = await self.rows(self.queue_now)
        await self.say({"type": "queue", "now": timezone.now().isoformat(), "late_minutes": late, "rows": rows})

    def queue_now(self) -> tuple[list[dict[str, Any]], int]:
        return queue(self.doctor_id), services.late_by(self.doctor_id)

    async def room_changed(self, event: dict[str, Any]) -> None:
        await self.say_queue()
