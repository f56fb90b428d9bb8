"""Single sign-on: OpenID Connect with the code flow, PKCE, state and nonce; the protocol is Authlib's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog
from authlib.integrations.base_client import BaseApp, OAuthError
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.errors import JoseError

from bot.errors import NotAllowed, Unavailable
from bot.roles import Role
from bot.settings import Settings
from bot.translation import gettext as _
from bot.translation import later

log = structlog.get_logger()

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that are believed, whatever the provider says that it supports: never none, never a shared secret."""

LIMIT_S = 5.0
LEEWAY_S = 60
SCOPE = "openid profile email"
LONGEST_NAME = 100

REFUSED = later("the sign-in service's answer does not fit: begin again, or sign in with your password")


class _App(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    """Authlib's client, which has no types, with threads as the staff pages have them."""

    client_cls = OAuth2Client


@dataclass(frozen=True, slots=True)
class Way:
    """The way to the provider, with what must come back.

    Attributes:
        url: where the browser goes.
        state: comes back in the address.
        nonce: comes back inside the signed token.
        verifier: what only we know; its hash went along (PKCE).
    """

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as the provider signed it.

    Attributes:
        subject: issuer and the provider's own id of the person, which never changes.
        name: what the account is called.
        role: what the provider says that they are; None if it names no role of ours.
    """

    subject: str
    name: str
    role: Role | None


class Provider:
    """The clinic's sign-in service.

    Args:
        settings: with an issuer.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._redirect = settings.public_url.rstrip("/") + "/desk/provider/back"
        self._app = _App(
            None,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            server_metadata_url=self._issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "timeout": LIMIT_S},
        )

    @property
    def roles_given(self) -> bool:
        """Whether the provider decides about roles."""
        return bool(self._settings.oidc_role_claim)

    @property
    def provisions(self) -> bool:
        """Whether somebody without an account gets one, if the provider names a role."""
        return self._settings.oidc_provision

    def begin(self) -> Way:
        """Make a way there.

        Raises:
            Unavailable: the provider did not answer as it should.
        """
        try:
            self._check_metadata()
            way = self._app.create_authorization_url(self._redirect)
        except (httpx2.HTTPError, OAuthError, RuntimeError, ValueError) as error:
            raise self._unavailable(error) from error
        return Way(url=way["url"], state=way["state"], nonce=way["nonce"], verifier=way["code_verifier"])

    def finish(self, *, code: str, nonce: str, verifier: str) -> Identity:
        """Change the code that came back into who it is.

        Args:
            code: from the address.
            nonce: what went along.
            verifier: what did not.

        Raises:
            NotAllowed: the token is not signed by the provider, not for us, not for this sign-in, or out of date.
            Unavailable: the provider did not answer as it should.
        """
        try:
            self._check_metadata()
            token = self._app.fetch_access_token(redirect_uri=self._redirect, code=code, code_verifier=verifier)
            claims = self._app.parse_id_token(token, nonce, claims_options=self._expected(), leeway=LEEWAY_S)
        except (OAuthError, JoseError, TypeError, ValueError, KeyError) as error:
            log.warning("provider.refused", error=type(error).__name__)
            raise NotAllowed(REFUSED) from error
        except (httpx2.HTTPError, RuntimeError) as error:
            raise self._unavailable(error) from error
        if not claims:
            raise NotAllowed(REFUSED)
        return self._identity(claims)

    def check_issuer(self, named: str) -> None:
        """Refuse an answer that says that it comes from elsewhere (RFC 9207).

        Raises:
            NotAllowed: it does.
        """
        if named and named != self._issuer:
            raise NotAllowed(REFUSED)

    def _check_metadata(self) -> None:
        metadata = self._app.load_server_metadata()
        if metadata.get("issuer") != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        said = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        believed = [one for one in said if one in ALGORITHMS]
        if not believed:  # an empty list would mean all of them
            raise ValueError("the provider signs in no way that is believed")
        metadata["id_token_signing_alg_values_supported"] = believed

    def _expected(self) -> dict[str, dict[str, object]]:
        return {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
            "sub": {"essential": True},
        }

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        name = claims.get(self._settings.oidc_name_claim)
        subject = claims.get("sub")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME or not isinstance(subject, str):
            raise NotAllowed(REFUSED)
        return Identity(subject=f"{self._issuer} {subject}", name=name.strip(), role=self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """The first role, in the order of the setting, that the claim names; dots lead into nested claims."""
        found: Any = claims
        for part in self._settings.oidc_role_claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        named = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return next((role for group, role in self._settings.roles_by_group.items() if group in named), None)

    def _unavailable(self, error: Exception) -> Unavailable:
        log.error("provider.failed", error=type(error).__name__)
        return Unavailable(_("the sign-in service did not answer as it should"))


def of(settings: Settings) -> Provider | None:
    """The provider of these settings; None if single sign-on is off."""
    return Provider(settings) if settings.oidc_issuer else None
