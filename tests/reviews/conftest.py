from tests.prescriptions.conftest import opened

__all__ = ["opened"]
