"""Signals across rooms: how long from socket to socket, and what an open room costs, by rooms and processes."""

import asyncio
import itertools
import json
import os
import random
import resource
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

import psutil
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from appointments.models import Appointment, Status
from config.processes import wait_until
from doctors.models import Doctor, Mode
from patients.models import Patient
from telehealth import consent
from telehealth.models import ConsentGiven, Consultation, JoinEvidence, Presence
from tests.bench.booking import clean, signed_in
from tests.bench.figures import milliseconds, report

ROOMS = tuple(map(int, os.environ.get("ROOMS", "10,200,1000").split(",")))
PROCESSES = tuple(map(int, os.environ.get("PROCESSES", "1,2").split(",")))
# So many rooms fill at one time; as many as there are is what a restart looks like.
AT_ONCE = int(os.environ.get("AT_ONCE", "20"))
RELAYS_A_SECOND, SECONDS = 300, int(os.environ.get("SECONDS", "20"))
BEAT, LATER = 15.0, 1013
CANDIDATE = "candidate:842163049 1 udp 1677729535 192.0.2.10 46154 typ relay raddr 0.0.0.0 rport 0 generation 0"


@contextmanager
def daphnes(count: int) -> Iterator[list[tuple[int, psutil.Process]]]:
    """That many processes of daphne, on ports of their own."""
    found, processes = [], []
    fixed = {"LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "config.settings", "ROOM_SOCKETS": "1000000"}
    environment = os.environ | fixed
    try:
        for _ in range(count):
            listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
            fd, port = listener.fileno(), listener.getsockname()[1]
            command = [sys.executable, "-m", "daphne", "--fd", str(fd), "config.asgi:application"]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command, pass_fds=(fd,), env=environment, **quiet)
            processes.append(process)
            listener.close()
            found.append((port, psutil.Process(process.pid)))
        for port, _process in found:
            assert wait_until(lambda port=port: answers(port), timeout=60, watched=processes)
        yield found
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
            caller.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return b"200" in caller.recv(64)
    except OSError:
        return False


def open_rooms(count: int) -> list[tuple[Appointment, dict[str, str], dict[str, str]]]:
    """Visits that run, each of a doctor and a patient of its own, with the headers of both."""
    begins = timezone.now() + timedelta(minutes=5)
    period = DateTimeTZRange(begins, begins + timedelta(minutes=15))
    pairs = zip(
        Doctor.objects.order_by("pk").select_related("user")[:count],
        Patient.objects.order_by("pk").select_related("user")[:count],
        strict=True,
    )
    made = []
    for doctor, patient in pairs:
        visit = Appointment(
            doctor=doctor,
            patient=patient,
            booked_by=patient.user,
            period=period,
            blocked=period,
            mode=Mode.VIDEO,
            status=Status.IN_PROGRESS,
            fee=500,
            currency="BDT",
            policy={},
        )
        made.append(visit)
    Appointment.objects.bulk_create(made)
    now = timezone.now()
    rooms = Consultation.objects.bulk_create(Consultation(appointment=visit, admitted_at=now) for visit in made)
    ConsentGiven.objects.bulk_create(
        ConsentGiven(consultation=room, user=room.appointment.patient.user, version=consent.VERSION) for room in rooms
    )
    return [(visit, signed_in(visit.patient.user), signed_in(visit.doctor.user)) for visit in made]


@dataclass
class Seat:
    """A socket of one side: it beats, and notes how long what it hears was under way."""

    socket: ClientConnection
    session: str
    peer: str = ""
    version: int = 0
    taken: list[float] = field(default_factory=list)
    refused: int = 0

    async def say(self, type_: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type_, **fields}))

    async def listen(self) -> None:
        async for frame in self.socket:
            message = json.loads(frame)
            if message["type"] == "signal":
                self.taken.append(perf_counter() - float(message["candidate"]["usernameFragment"]))
            elif message["type"] == "state":
                # Or each beat would be answered with the whole state.
                self.version = message["version"]
            elif message["type"] == "error":
                self.refused += 1

    async def beat(self) -> None:
        await asyncio.sleep(random.uniform(0, BEAT))
        while True:
            await self.say("beat", seen=self.version)
            await asyncio.sleep(BEAT)


@asynccontextmanager
async def seats(
    rooms: list[tuple[Appointment, dict[str, str], dict[str, str]]], ports: list[int], tries: Counter[str]
) -> AsyncIterator[list[tuple[Seat, Seat]]]:
    """Both sides in every room; the doctors on the last of the processes, the patients on the first."""
    gate = asyncio.Semaphore(AT_ONCE)
    origin = os.environ.get("SITE_ORIGIN", "http://localhost:8000")

    async def come(visit: Appointment, headers: dict[str, str], port: int) -> Seat:
        address = f"ws://127.0.0.1:{port}/ws/consultations/{visit.pk}/"
        options = {"origin": origin, "additional_headers": {"Cookie": headers["Cookie"]}, "compression": None}
        device, session = str(uuid4()), str(uuid4())
        for wait in itertools.chain((1, 2, 4, 8), itertools.repeat(15)):
            try:
                wire = await connect(address, open_timeout=10, ping_interval=None, **options)
                seat = Seat(wire, session)
                await seat.say("enter", device=device, session=session)
                await hear_state(seat)
                break
            except (OSError, InvalidHandshake, ConnectionClosed) as error:
                # As a browser's page: told to come later, or not answered in time.
                is_told = isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code == LATER
                tries["told to come later" if is_told else "not heard"] += 1
                await asyncio.sleep(random.uniform(wait / 2, wait))
        # Whoever is in early would be silent for too long while the others come.
        work.append(asyncio.create_task(seat.beat()))
        return seat

    async def hear_state(seat: Seat) -> None:
        while (message := json.loads(await asyncio.wait_for(seat.socket.recv(), 60)))["type"] != "state":
            pass
        seat.version = message["version"]
        seat.peer = message["peer"]["session"] if message["peer"] else ""

    async def meet(seat: Seat) -> None:
        while not seat.peer:
            await hear_state(seat)

    async def fill(room: tuple[Appointment, dict[str, str], dict[str, str]]) -> tuple[Seat, Seat]:
        visit, patients, doctors = room
        async with gate:
            one = await come(visit, patients, ports[0])
            other = await come(visit, doctors, ports[-1])
            await asyncio.gather(meet(one), meet(other))
        work.extend(asyncio.create_task(seat.listen()) for seat in (one, other))
        made.extend((one, other))
        return one, other

    work: list[asyncio.Task[None]] = []
    made: list[Seat] = []
    try:
        yield list(await asyncio.gather(*map(fill, rooms)))
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await asyncio.gather(*(seat.socket.close() for seat in made), return_exceptions=True)


async def relay(pairs: list[tuple[Seat, Seat]]) -> tuple[int, float]:
    """Signals at a steady rate, in turn through the rooms and from both sides: how many were sent, in what time."""
    turns = itertools.cycle([each for one, other in pairs for each in ((one, other), (other, one))])
    begun, sent = perf_counter(), 0
    while (now := perf_counter() - begun) < SECONDS:
        while sent < now * RELAYS_A_SECOND:
            sender, _receiver = next(turns)
            fragment = str(perf_counter())
            candidate = {"candidate": CANDIDATE, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": fragment}
            await sender.say("signal", to=sender.peer, candidate=candidate)
            sent += 1
        await asyncio.sleep(0.002)
    return sent, perf_counter() - begun


def cores_spent(found: list[tuple[int, psutil.Process]]) -> Counter[str]:
    """Seconds of a core: of daphne, of this driver, and of all that the machine did."""
    daphne = sum(times.user + times.system for times in (process.cpu_times() for _port, process in found))
    machine = psutil.cpu_times()
    return Counter(daphne=daphne, driver=process_time(), machine=sum(machine) - machine.idle - machine.iowait)


def rounded(spent: Counter[str], *, over: float = 1, digits: int = 2) -> dict[str, float]:
    return {name: round(seconds / over, digits) for name, seconds in spent.items()}


async def measure(count: int, found: list[tuple[int, psutil.Process]], rooms: Any) -> None:
    empty = sum(process.memory_info().rss for _port, process in found)
    begun, before = perf_counter(), cores_spent(found)
    tries: Counter[str] = Counter()
    async with seats(rooms, [port for port, _process in found], tries) as pairs:
        filled = perf_counter() - begun
        full = sum(process.memory_info().rss for _port, process in found)
        full_at = cores_spent(found)
        sent, seconds = await relay(pairs)
        await asyncio.sleep(2)
        taken = [each for pair in pairs for seat in pair for each in seat.taken]
        spent = cores_spent(found) - full_at
        report(
            "signals across rooms",
            rooms=count,
            processes=len(found),
            sent_per_second=round(sent / seconds),
            arrived=round(len(taken) / sent, 4),
            refused=sum(seat.refused for pair in pairs for seat in pair),
            kb_per_room=round((full - empty) / 1024 / count),
            seconds_to_fill=round(filled, 1),
            core_seconds_to_fill=rounded(full_at - before, digits=1),
            tries_in_vain=dict(tries),
            cores_used=rounded(spent, over=seconds + 2),
            **milliseconds(taken or [0.0]),
        )


def signals() -> None:
    """By rooms, on one process and on two."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for processes, count in itertools.product(PROCESSES, ROOMS):
        empty_rooms()
        with daphnes(processes) as found:
            asyncio.run(measure(count, found, open_rooms(count)))
    empty_rooms()


def empty_rooms() -> None:
    """Take away what an earlier run left in the rooms, and their visits."""
    for model in (JoinEvidence, ConsentGiven, Presence, Consultation):
        model.objects.all().delete()
    clean()
