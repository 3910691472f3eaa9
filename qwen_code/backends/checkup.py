"""Asks an endpoint whether it can be used as configured, without asking its model anything (`doctor`)."""

from __future__ import annotations

from qwen_code.backends.diagnosis import explained
from qwen_code.backends.endpoint import Endpoint
from qwen_code.backends.failures import NotAnEndpoint, UnknownModel, failure_of, transport_failure
from qwen_code.backends.refusal import MAX_BYTES, read_refusal
from qwen_code.backends.retry import Transient
from qwen_code.backends.server_info import ServerInfo
from qwen_code.errors import BackendUnavailable
from qwen_code.http import HttpClient
from qwen_code.transport_error import TransportError


async def check_endpoint(client: HttpClient, endpoint: Endpoint, model: str, server: ServerInfo) -> None:
    """Request the list of models; an endpoint that has none (404) is fine as long as it answers.

    Raises:
        EndpointMisconfigured: wrong key, host, TLS setup, or a model that is not in the list.
        BackendUnavailable: it does not answer, or says that it can't now.
    """
    url = endpoint.url("models")
    try:
        async with client.request("GET", url, headers=endpoint.headers, body=None) as response:
            if response.status not in (200, 404, 405):
                refusal = read_refusal(response.status, response.headers, await response.read(MAX_BYTES))
                raise failure_of(refusal, endpoint, model, max_tokens_set=False)
        names = await server.model_names()
        if names and model and model not in names and not endpoint.is_local:
            raise UnknownModel(f"{endpoint.host} has no model named {model}.")
    except TransportError as error:
        failure = transport_failure(error, endpoint, proven=False)
        raise _settled(failure) from None
    except Transient as error:
        raise _settled(error) from None
    except (NotAnEndpoint, UnknownModel) as error:
        raise await explained(error, endpoint, model, server) from None


async def list_models(endpoint: Endpoint, *, proxy: str = "", ca_file: str = "") -> list[str]:
    """The names of an endpoint's models; empty where it has no such list. Proves that it can be used.

    Raises:
        EndpointMisconfigured: wrong key, host or TLS setup.
        BackendUnavailable: it does not answer.
    """
    client = HttpClient(proxy=proxy, ca_file=ca_file)
    try:
        server = ServerInfo(client, endpoint)
        await check_endpoint(client, endpoint, "", server)
        return await server.model_names()
    finally:
        await client.aclose()


def _settled(failure: Exception) -> Exception:
    """A failure that a request would try again is final here."""
    if not isinstance(failure, Transient):
        return failure
    text = str(failure)
    end = "" if text.endswith(("?", "!", ".")) else "."
    return BackendUnavailable(f"{text[:1].upper()}{text[1:]}{end}")
