"""Who looks after the platform in these tests: one person for all of them, for only the first with that address becomes admin."""

from __future__ import annotations

import httpx
from tests.journeys.people import PASSWORD, RUN, Account, account

ADMIN = f"ada.{RUN}@example.org"


def admin_account(client: httpx.Client) -> Account:
    """Made by whichever test asks first, once `auth.adminEmail` names them."""
    said = client.post("/api/auth/login", json={"username": ADMIN, "password": PASSWORD})
    if said.status_code != 200:
        return account(client, "Ada Encargada", ADMIN)
    return Account(said.json()["user"]["id"], said.json()["access_token"])
