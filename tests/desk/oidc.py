"""A small OpenID provider: discovery, authorize, token, keys. It signs what a test asks for, true or false."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Form, Header, HTTPException
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "axis", "provider-secret-canary"


@dataclass
class Provider:
    """Its state, and what it does wrong.

    Attributes:
        issuer: its address.
        callback: the only redirect URI that it accepts.
        person: the claims of whoever is signed in there.
        wrong: claims that replace right ones in the token.
        sign: how the token is signed: rightly; or `none`, `hs256`, `other key`, `broken`.
        asked: the parameters of each visit.
    """

    issuer: str
    callback: str
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "7", "preferred_username": "Ann"})
    wrong: dict[str, Any] = field(default_factory=dict)
    sign: str = "rightly"
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    def token(self, visit: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": visit["nonce"], **self.person,
        } | self.wrong  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign == "none":
            parts = ({"alg": "none", "typ": "JWT"}, claims)
            return ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."
        if self.sign == "hs256":  # the public key as a shared secret: the classic confusion
            said = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, claims))
            return f"{said}.{_base64(hmac.digest(self.key.as_pem(private=False), said.encode(), 'sha256'))}"
        made = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.other if self.sign == "other key" else self.key)
        return made[:-8] + "AAAAAAAA" if self.sign == "broken" else made


def build(provider: Provider) -> FastAPI:
    """Its pages."""
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        base = provider.issuer
        return {
            "issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        }  # fmt: skip

    @app.get("/authorize")
    def authorize(  # noqa: PLR0917 - as they stand in the address
        client_id: str, redirect_uri: str, response_type: str, scope: str, state: str, nonce: str,
        code_challenge: str, code_challenge_method: str,
    ) -> RedirectResponse:  # fmt: skip
        if (client_id, redirect_uri, response_type) != (CLIENT, provider.callback, "code"):
            raise HTTPException(400, "not for this client")
        if "openid" not in scope.split() or code_challenge_method != "S256":
            raise HTTPException(400, "openid with S256 is needed")
        code = f"code-{len(provider.asked)}"
        visit = {"state": state, "nonce": nonce, "challenge": code_challenge}
        provider.asked.append(visit)
        provider.codes[code] = visit
        return RedirectResponse(
            f"{redirect_uri}?{urlencode({'code': code, 'state': state, 'iss': provider.issuer})}", 302
        )

    @app.post("/token")
    def token(
        grant_type: Annotated[str, Form()],
        code: Annotated[str, Form()],
        redirect_uri: Annotated[str, Form()],
        code_verifier: Annotated[str, Form()],
        authorization: Annotated[str, Header()],
    ) -> dict[str, Any]:
        if authorization != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            raise HTTPException(401, "not this client")
        visit = provider.codes.pop(code, None)  # a code works once
        challenge = _base64(hashlib.sha256(code_verifier.encode()).digest())
        if visit is None or grant_type != "authorization_code" or redirect_uri != provider.callback:
            raise HTTPException(400, "invalid_grant")
        if visit["challenge"] != challenge:
            raise HTTPException(400, "invalid_grant: verifier")
        return {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": provider.token(visit)}

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        return {"keys": [provider.key.as_dict(private=False)]}

    return app


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
