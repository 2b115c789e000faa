"""Address and login of a schema registry."""

from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import UserError


@dataclass(frozen=True, kw_only=True)
class RegistryAccess:
    """Address and credentials of a schema registry.

    Attributes
    ----------
    url : str
        Its address; Apicurio's Confluent-compatible interface is at `/apis/ccompat/v7`.
    username : str or None
        For basic authentication; None: the registry asks for none.
    password : str or None
        Kept out of every text; None where `password_file` is given.
    password_file : str or None
        Holds the password alone; read where the registry is opened.
    ca : str or None
        PEM file of the authorities that the registry's certificate is checked against; None: the usual ones.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None
    ca: str | None = None

    def client_settings(self) -> dict[str, str]:
        """Return them in the names of Confluent's client.

        Raises
        ------
        UserError
            The password's file can't be read.
        """
        settings = {"url": self.url}
        if self.ca:
            settings["ssl.ca.location"] = self.ca
        if self.username:
            settings["basic.auth.user.info"] = f"{self.username}:{self._password()}"
        return settings

    def _password(self) -> str:
        if self.password_file is None:
            return self.password or ""
        try:
            return Path(self.password_file).read_text().rstrip("\n")
        except OSError as error:
            raise UserError(
                f"expected the schema registry's password in {self.password_file}, got: {error.strerror}: "
                "put the file there on every machine that runs the job"
            ) from None
