"""The HTTP registry client against a server with TLS and basic authentication; see also tests/integration."""

import base64
import ssl
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from fraudstream.system.ports import LOOPBACK, free_port
from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.http_registry import HttpRegistry
from schemas.registry import RegistryUnavailableError, UnknownSchemaError
from schemas.registry_access import RegistryAccess
from schemas.resilient_registry import ResilientRegistry
from tests.certificates import Authority
from tests.json_handler import JsonHandler
from tests.served import served

USER, PASSWORD = "jane", "hunter2"
NO_ID = 2**32 - 1


class Answers(JsonHandler):
    """Server of schema 1, for USER only."""

    def do_GET(self) -> None:  # noqa: N802 (its name in http.server)
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}":
            self.answer(401, {"error_code": 401, "message": "Unauthorized"})
        elif self.path.startswith("/schemas/ids/1?") or self.path == "/schemas/ids/1":
            self.answer(200, {"schema": schema_text(TRANSACTION)})
        elif self.path.startswith(f"/schemas/ids/{NO_ID}"):
            self.answer(400, {"error_code": 400, "message": "expected at most 2147483647"})
        else:
            self.answer(404, {"error_code": 40403, "message": "Schema not found"})


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Run the server; gives its address and certificate authority."""
    authority = Authority(tmp_path_factory.mktemp("registry"), "ca")
    signed = authority.sign("registry")
    server = ThreadingHTTPServer((LOOPBACK, 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with served(server):
        yield f"https://{LOOPBACK}:{server.server_port}", authority.certificate


def test_login_and_authority_give_access(secured, tmp_path):
    url, ca = secured
    (tmp_path / "secret").write_text(PASSWORD)
    for known in ({"password": PASSWORD}, {"password_file": str(tmp_path / "secret")}):
        registry = HttpRegistry(RegistryAccess(url=url, username=USER, ca=str(ca), **known))
        assert registry.schema_for(1) == schema_text(TRANSACTION)
        with pytest.raises(UnknownSchemaError, match="got 9"):
            registry.schema_for(9)


def test_id_rejected_by_the_registry_is_unknown_and_the_registry_counts_as_up(secured):
    url, ca = secured
    steady = ResilientRegistry(HttpRegistry(RegistryAccess(url=url, username=USER, password=PASSWORD, ca=str(ca))))
    with pytest.raises(UnknownSchemaError, match=f"got {NO_ID}"):
        steady.schema_for(NO_ID)
    assert steady.schema_for(1) == schema_text(TRANSACTION)


def test_wrong_password_is_reported_without_the_password(secured):
    url, ca = secured
    registry = HttpRegistry(RegistryAccess(url=url, username=USER, password="guess", ca=str(ca)))
    with pytest.raises(RegistryUnavailableError, match=r"HTTP 401: check \[kafka.registry\]") as caught:
        registry.schema_for(1)
    assert "guess" not in str(caught.value)


def test_certificate_of_an_unknown_authority_is_refused(secured):
    registry = HttpRegistry(RegistryAccess(url=secured[0], username=USER, password=PASSWORD))
    with pytest.raises(RegistryUnavailableError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        registry.schema_for(1)


def test_registry_that_is_down_is_a_short_error():
    registry = HttpRegistry(RegistryAccess(url=f"http://{LOOPBACK}:{free_port()}"))
    for request in (lambda: registry.schema_for(1), lambda: registry.id_for("x-value", TRANSACTION)):
        with pytest.raises(RegistryUnavailableError, match="start it, or unset") as caught:
            request()
        assert len(str(caught.value).splitlines()) == 1


def test_missing_authority_file_is_a_user_error():
    with pytest.raises(RegistryUnavailableError.__base__, match="expected settings"):
        HttpRegistry(RegistryAccess(url="https://registry", ca="nowhere.pem"))
