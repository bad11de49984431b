"""The stand-in Hub's routes over HTTP, with faults to order.

It does what `huggingface_hub` and `datasets` were seen to ask for: reading and writing dataset repositories, large
files by LFS, tokens for Xet's own local store, private repositories, pages, ranges. It keeps everything in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlparse

from tests.hub.repository import RefusalError, Repository

API = re.compile(r"/api/datasets/([^/]+/[^/]+)(/.*)?")
RESOLVE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/(refs/pr/\d+|[^/]+)/(.+)")
BATCH = re.compile(r"/datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch")


@dataclass(slots=True)
class Fault:
    """What goes wrong with the requests that match.

    Attributes:
        method: HTTP method.
        path: Pattern searched in the path.
        status: The answer instead of the right one; None cuts the connection.
        headers: Headers of that answer.
        times: How many requests fail.
        after: Whether the request is done all the same, and only its answer is lost.
        run: Called before the request; with status 200 nothing else happens to it.
    """

    method: str
    path: str
    status: int | None = 500
    headers: tuple[tuple[str, str], ...] = ()
    times: int = 1
    after: bool = False
    run: Callable[[], None] | None = None


class StandInHub:
    """A Hub that lives as long as its context.

    Attributes:
        token: The one token it knows; it belongs to the user ``me``.
        requests: (method, path with query, body) of every request.
        served: (path, bytes) of every file, or range of one, that was read.
        page: Entries of a tree listing in one answer.
        xet: Folder of Xet's local store, which uploads then go to.
    """

    def __init__(self, page: int = 1000) -> None:
        self.token = f"hf_{secrets.token_hex(16)}"
        self.repositories: dict[str, Repository] = {}
        self.stored: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, bytes]] = []
        self.served: list[tuple[str, int]] = []
        self.faults: list[Fault] = []
        self.page = page
        self.xet: Path | None = None
        self.lock = threading.RLock()
        hub = self

        class Handler(_Handler):
            owner = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, method: str, path: str) -> list[str]:
        """The paths of the requests that match."""
        return [where for how, where, _ in self.requests if how == method and re.search(path, where)]

    def repository(self, name: str) -> Repository:
        """A repository by its name."""
        if name not in self.repositories:
            raise RefusalError(404, "RepoNotFound", "Repository not found")
        return self.repositories[name]


class _Handler(BaseHTTPRequestHandler):
    owner: StandInHub
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # one packet an answer: two would wait for each other
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _send(self, status: int, value: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, content in (("Content-Length", str(len(data))), *headers):
            self.send_header(name, content)
        if not isinstance(value, bytes):
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _fault(self) -> Fault | None:
        with self.owner.lock:
            for fault in self.owner.faults:
                if fault.times and fault.method == self.command and re.search(fault.path, unquote(self.path)):
                    fault.times -= 1
                    return fault
        return None

    def _do(self) -> None:
        body = self._body()
        with self.owner.lock:
            self.owner.requests.append((self.command, unquote(self.path), body))
        fault = self._fault()
        if fault and fault.run:
            fault.run()
        broken = fault is not None and fault.status != 200
        if fault is None or fault.after or not broken:
            try:
                with self.owner.lock:
                    answer = self._answer(body)
            except RefusalError as error:
                words = (("X-Error-Code", error.code), ("X-Error-Message", str(error)))
                answer = (error.status, {"error": str(error)}, words)
            if not broken:
                return self._send(*answer)
        if fault.status is None:
            self.close_connection = True
            self.connection.close()
            return None
        return self._send(fault.status, {"error": "ordered by a test"}, fault.headers)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _do  # noqa: N815

    @property
    def _known(self) -> bool:
        given = self.headers.get("Authorization")
        if given not in (None, f"Bearer {self.owner.token}"):
            raise RefusalError(401, "InvalidToken", "Invalid user token.")
        return given is not None

    def _may(self, name: str, *, write: bool = False) -> Repository:
        """The repository, if the asker may do this with it."""
        known = self._known
        if name in self.owner.repositories:
            found = self.owner.repositories[name]
            if known or not (found.private or write):
                return found
        if known:
            raise RefusalError(404, "RepoNotFound", "Repository not found")
        raise RefusalError(401, "RepoNotFound", "Invalid username or password.")

    def _answer(self, body: bytes) -> tuple[Any, ...]:
        parsed = urlparse(self.path)
        path, query = unquote(parsed.path), {k: v[0] for k, v in parse_qs(parsed.query).items()}
        if path == "/api/whoami-v2":
            if not self._known:
                raise RefusalError(401, "InvalidToken", "Invalid user token.")
            return 200, {"type": "user", "name": "me", "orgs": [], "auth": {"accessToken": {"role": "write"}}}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if found := API.fullmatch(path):
            return self._api(found[1], found[2] or "", query, body)
        if found := BATCH.fullmatch(path):
            self._may(found[1], write=True)
            return 200, {"transfer": "basic", "objects": [self._object(o) for o in json.loads(body)["objects"]]}
        if path.startswith("/lfs/"):
            if hashlib.sha256(body).hexdigest() != path[5:]:
                raise RefusalError(400, "BadRequest", "other bytes than their checksum says")
            self.owner.stored[path[5:]] = body
            return 200, b""
        if path == "/lfs-verify":
            return 200, {}
        if found := RESOLVE.fullmatch(path):
            return self._resolve(found[1], found[2], found[3])
        raise RefusalError(404, "NotFound", path)

    def _create(self, asked: dict[str, Any]) -> tuple[Any, ...]:
        if not self._known:
            raise RefusalError(401, "InvalidToken", "Invalid user token.")
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        url = f"{self.owner.url}/datasets/{name}"
        if name in self.owner.repositories:
            return 409, {"error": "You already created this dataset repo", "url": url}
        self.owner.repositories[name] = Repository(private=asked.get("visibility") == "private")
        return 200, {"url": url, "name": name, "id": name}

    def _object(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] not in self.owner.stored:
            upload = {"href": f"{self.owner.url}/lfs/{asked['oid']}"}
            found["actions"] = {"upload": upload, "verify": {"href": f"{self.owner.url}/lfs-verify"}}
        return found

    def _api(self, name: str, rest: str, query: dict[str, str], body: bytes) -> tuple[Any, ...]:
        verb, _, argument = rest.removeprefix("/").partition("/")
        writes = {"preupload", "commit", "branch", "tag", "xet-write-token"}
        repository = self._may(name, write=verb in writes)
        match verb:
            case "" | "revision":
                return 200, self._info(name, repository, argument or "main")
            case "tree":
                return self._tree(repository, argument, query)
            case "paths-info":
                files = repository.at(argument).files
                asked = parse_qs(body.decode()).get("paths") or json.loads(body or b"{}").get("paths", [])
                return 200, [files[path].entry(path) for path in asked if path in files]
            case "refs":
                return 200, {
                    "converts": [],
                    "branches": _named(repository.branches, "refs/heads/"),
                    "tags": _named(repository.tags, "refs/tags/"),
                    "pullRequests": _named(repository.pulls, ""),
                }
            case "commits":
                return 200, [
                    {"id": c.oid, "title": c.message.partition("\n")[0], "message": c.message.partition("\n\n")[2],
                     "authors": [{"user": "me"}], "date": "2026-01-01T00:00:00.000Z"}
                    for c in repository.history(argument)
                ]  # fmt: skip
            case "preupload":
                files = repository.at(argument).files
                return 200, {"files": [self._mode(f, files) for f in json.loads(body)["files"]]}
            case "commit":
                lines = [json.loads(line) for line in body.splitlines()]
                pull = query.get("create_pr") == "1"
                xet = self.owner.xet is not None
                commit, request = repository.commit(argument, lines, self.owner.stored, xet=xet, pull=pull)
                url = f"{self.owner.url}/datasets/{name}"
                made = {"commitUrl": f"{url}/commit/{commit.oid}", "commitOid": commit.oid}
                return 200, made | ({"pullRequestUrl": f"{url}/discussions/{request[8:]}"} if request else {})
            case "tag" | "branch":
                return self._name(repository, verb, argument, json.loads(body or b"{}"))
            case "xet-write-token":
                return self._xet_token()
        raise RefusalError(404, "NotFound", rest)

    def _mode(self, asked: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
        path = asked["path"]
        found = {"path": path, "uploadMode": "lfs" if path.endswith(".parquet") else "regular", "shouldIgnore": False}
        if path in files:
            found["oid"] = files[path].sha256 if files[path].lfs else files[path].oid
        return found

    def _info(self, name: str, repository: Repository, revision: str) -> dict[str, Any]:
        commit = repository.at(revision)
        return {
            "_id": "1", "id": name, "author": name.split("/")[0], "sha": commit.oid, "private": repository.private,
            "gated": False, "disabled": False, "downloads": 0, "likes": 0, "tags": [],
            "createdAt": "2026-01-01T00:00:00.000Z", "lastModified": "2026-01-01T00:00:00.000Z",
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        }  # fmt: skip

    def _tree(self, repository: Repository, argument: str, query: dict[str, str]) -> tuple[Any, ...]:
        found = re.fullmatch(r"(refs/pr/\d+|[^/]+)/?(.*)", argument)
        listing = repository.tree(found[1], found[2], recursive=query.get("recursive", "").lower() == "true")
        start = int(query.get("cursor", 0))
        end = start + self.owner.page
        if end >= len(listing):
            return 200, listing[start:]
        where = f"{self.owner.url}{self.path.partition('?')[0]}?recursive={query.get('recursive', '')}&cursor={end}"
        return 200, listing[start:end], (("Link", f'<{where}>; rel="next"'),)

    def _name(self, repository: Repository, kind: str, argument: str, asked: dict[str, Any]) -> tuple[Any, ...]:
        names = repository.tags if kind == "tag" else repository.branches
        name = asked.get("tag") or argument
        if name in names:
            raise RefusalError(409, "Conflict", f"{kind} {name} exists")
        start = argument if kind == "tag" else asked.get("startingPoint", "main")
        names[name] = repository.at(start).oid
        return 200, {}

    def _xet_token(self) -> tuple[Any, ...]:
        if self.owner.xet is None:
            raise RefusalError(404, "XetDisabled")
        expires, store = int(time.time()) + 3600, f"local://{self.owner.xet}"
        headers = (("X-Xet-Access-Token", "t"), ("X-Xet-Token-Expiration", str(expires)), ("X-Xet-Cas-Url", store))
        return 200, {"accessToken": "t", "exp": expires, "casUrl": store}, headers

    def _resolve(self, name: str, revision: str, path: str) -> tuple[Any, ...]:
        commit = self._may(name).at(revision)
        file = commit.files.get(path)
        if file is None:
            raise RefusalError(404, "EntryNotFound", f"{path} does not exist")
        if file.data is None:
            raise RefusalError(404, "EntryNotFound", f"{path} lies in Xet's store, which this stand-in cannot read")
        etag = f'"{file.sha256 if file.lfs else file.oid}"'
        headers = [("X-Repo-Commit", commit.oid), ("ETag", etag), ("Accept-Ranges", "bytes")]
        if file.lfs:
            headers += [("X-Linked-Etag", etag), ("X-Linked-Size", str(file.size))]
        if self.command == "HEAD":
            return 200, file.data, tuple(headers)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if wanted is None:
            self.owner.served.append((path, file.size))
            return 200, file.data, tuple(headers)
        first, last = int(wanted[1]), min(int(wanted[2] or file.size - 1), file.size - 1)
        self.owner.served.append((path, last + 1 - first))
        headers.append(("Content-Range", f"bytes {first}-{last}/{file.size}"))
        return 206, file.data[first : last + 1], tuple(headers)


def _named(names: dict[str, str], folder: str) -> list[dict[str, str]]:
    return [{"name": name, "ref": f"{folder}{name}", "targetCommit": oid} for name, oid in names.items()]
