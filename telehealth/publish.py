"""The groups in which the sockets of a room and of a queue listen."""

from uuid import UUID


def room_group(consultation_id: UUID) -> str:
    return f"consultation.{consultation_id.hex}"


def practice_group(doctor_id: int) -> str:
    return f"practice.{doctor_id}"
