"""A server that speaks S3's protocol (moto's), with a bucket for pictures and an access key that it checks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from tests.servers.starting import accepts_connections, free_port, running, wait_until

BUCKET = "pictures"
REGION = "us-east-1"
_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


@dataclass
class S3Server:
    """To stop and start; what it held is gone then."""

    port: int
    folder: Path
    _stack: contextlib.ExitStack
    key_id: str = ""
    secret: str = field(default="", repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> str:
        """As `storage.credentials` wants it."""
        return f"{self.key_id}:{self.secret}"

    def start(self) -> None:
        argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._stack.enter_context(running(argv, log=self.folder / "s3.log"))
        wait_until(lambda: accepts_connections(self.port), what="the S3 server does not answer")
        self.client("s3", "setup", "setup").create_bucket(Bucket=BUCKET)
        iam = self.client("iam", "setup", "setup")
        iam.create_user(UserName="octavo")
        iam.put_user_policy(UserName="octavo", PolicyName="all", PolicyDocument=_POLICY)
        made = iam.create_access_key(UserName="octavo")["AccessKey"]
        self.key_id, self.secret = made["AccessKeyId"], made["SecretAccessKey"]
        # From here on it checks signatures, as the real one does.
        httpx.post(f"{self.endpoint}/moto-api/reset-auth", content=b"0", trust_env=False).raise_for_status()

    def stop(self) -> None:
        self._stack.close()

    def client(self, service: str, key_id: str | None = None, secret: str | None = None) -> Any:
        """Amazon's own client: another reader of what was written."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key_id or self.key_id,
            aws_secret_access_key=secret or self.secret,
        )


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        server = S3Server(free_port(), folder, stack)
        server.start()
        yield server
