"""The beat of somebody who is in the room anyhow: one statement, sent by the loop. All else is `services.beat`'s."""

from datetime import datetime
from uuid import UUID

from psycopg import Error as PsycopgError
from psycopg.sql import SQL

from telehealth.asking import one_row
from telehealth.models import PRESENT_FOR, Side

BEAT = SQL("""
UPDATE telehealth_presence seat SET seen_at = %(now)s
  FROM telehealth_consultation room
 WHERE seat.consultation_id = %(room)s AND seat.connection = %(connection)s
   AND seat.is_connected AND seat.seen_at > %(since)s AND room.appointment_id = seat.consultation_id
RETURNING room.version, EXISTS (
        SELECT FROM telehealth_presence peer
         WHERE peer.consultation_id = room.appointment_id AND peer.side = %(peer)s
           AND peer.is_connected AND peer.seen_at > %(since)s)
""")


async def note_beat(room: UUID, connection: UUID, side: Side, *, now: datetime) -> tuple[int, bool] | None:
    """Note that this socket lives; the room's version, and whether the other side is there.

    None for who was silent for a while or has no seat, and where there is no answer: that is for `services.beat`.
    """
    values = {"now": now, "since": now - PRESENT_FOR, "room": room, "connection": connection, "peer": side.other.value}
    try:
        return await one_row(BEAT, values)
    except PsycopgError:
        return None
