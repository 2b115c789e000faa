"""Advice for connection errors of librdkafka."""

from confluent_kafka import KafkaError

_REFUSED = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}


class BrokerErrors:
    """Remembers what librdkafka reports while it tries to connect, to say what to do about it.

    Give it to a client as `error_cb`. librdkafka itself would print each of its many tries.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def __call__(self, error: KafkaError) -> None:
        """Note an error."""
        self._texts[error.code()] = str(error.str())

    @property
    def advice(self) -> str:
        """Cause and advice, as the end of a sentence; empty when unknown."""
        if _REFUSED & self._texts.keys():
            return "it refuses the login: check mechanism, username and password in [kafka.security]"
        if KafkaError._SSL in self._texts:
            return self._tls_advice(self._texts[KafkaError._SSL])
        return ""

    def _tls_advice(self, text: str) -> str:
        if "certificate verify failed" in text:
            return "its certificate is not signed by a trusted authority: name the right file in kafka.security.ca"
        if "wrong version number" in text.lower():
            return "it does not speak TLS: see kafka.security.protocol"
        return f"no TLS connection comes about ({text.rsplit(': ', 1)[-1]}): see [kafka.security]"
