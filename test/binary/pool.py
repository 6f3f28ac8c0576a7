"""What is left of a Debian mirror when its indices are gone: an HTTP server with the pool's files, from the cache."""

import http.server
import os
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("PORTCULLIS_CACHE") or Path.home() / ".cache/portcullis")


def files(lock, section):
    """[(package, hash, path in the pool)] of a lock's section."""
    found, inside = [], False
    for line in (ROOT / lock).read_text().splitlines():
        if line.startswith("["):
            inside = line.startswith(f"[{section}] ")
        elif inside and line:
            _, package, _, sha256, path = line.split()
            found.append((package, sha256, path))
    return found


class Pool:
    """served: {path: contents}. asked: each path that somebody asked for, in order."""

    def __init__(self, lock, section):
        folder = CACHE / "files" / Path(lock).stem
        self.served = {}
        for package, sha256, path in files(lock, section):
            self.served[f"/debian/{path}"] = (folder / f"{package}_{sha256}.deb").read_bytes()
        self.asked = []

    def __enter__(self):
        pool = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.replace("%2b", "+").replace("%7e", "~")
                pool.asked.append(path)
                content = pool.served.get(path)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def environment(self, cache, **more):
        """The environment of a machine that has no other mirror, no snapshot archive, and this cache."""
        return dict(os.environ, PORTCULLIS_CACHE=str(cache), DEBIAN_MIRROR=f"{self.address}/debian",
                    DEBIAN_SECURITY_MIRROR=f"{self.address}/debian", DEBIAN_SNAPSHOT="", no_proxy="127.0.0.1",
                    **more)  # fmt: skip


def report(cases):
    """Runs functions and prints TAP; the first line of a function's documentation is its sentence."""
    failed = False
    for number, case in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {case.__doc__}")
        except AssertionError as error:
            failed = True
            print(f"not ok {number} - {case.__doc__}")
            print("".join(f"# {line}\n" for line in str(error).splitlines()), end="")
    print(f"1..{len(cases)}")
    sys.exit(failed)
