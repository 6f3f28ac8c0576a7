"""What stands in for Home Assistant's Supervisor, since none runs here. It answers as its documents say, and its ingress does
to a request what its code does."""

import http.server
import json
import threading

from .path_proxy import PathProxy


class Supervisor:
    """The part of the Supervisor's API that an app may ask for without more rights: GET /services/mqtt, with the app's token.

    service: what it tells, or None while no app provides MQTT. asked: the Authorization headers that came.
    """

    token = "0123456789abcdef-token"
    login = {"username": "addons", "password": "pass w\u00f6rd"}

    def __init__(self):
        self.service, self.asked = None, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.headers["Authorization"])
                if self.headers["Authorization"] != f"Bearer {outer.token}":
                    self.answer(401, "401: Unauthorized")
                elif self.path != "/services/mqtt":
                    self.answer(404, json.dumps({"result": "error", "message": "Not found"}))
                elif outer.service is None:
                    self.answer(400, json.dumps({"result": "error", "message": "Service not enabled"}))
                else:
                    self.answer(200, json.dumps({"result": "ok", "data": outer.service}))

            def answer(self, status, text):
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"supervisor://127.0.0.1:{self.port}"

    def provide(self, broker):
        """As Home Assistant's Mosquitto app does."""
        self.service = {"addon": "core_mosquitto", "host": "127.0.0.1", "port": broker.port, "ssl": False,
                        "protocol": "3.1.1", **self.login}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Ingress(PathProxy):
    """Home Assistant's way to an app's page: below /api/hassio_ingress/TOKEN, from the Supervisor's address. Host stays, a
    query is written anew, and headers come to it. At / is a page that has the app's in a frame, as Home Assistant's own does.
    """

    address = "127.0.0.2"
    front = b"<!DOCTYPE html><title>House</title><link rel=icon href=data:,><iframe src='.%s/' width=900 height=700></iframe>"

    def __init__(self, port):
        super().__init__(port, "/api/hassio_ingress/UvzVyhYIYiBYLvsF3M7Ltg")
        self.root = self.url[:-len(self.path)]

    def answer_elsewhere(self, path):
        if path != "/":
            return super().answer_elsewhere(path)
        body = self.front % self.path.encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)

    def change(self, target, rest):
        place, mark, query = target.partition(b"?")
        pairs = [pair if b"=" in pair else pair + b"=" for pair in query.split(b"&") if pair]
        more = b"\r\nX-Ingress-Path: %s\r\nX-Forwarded-For: 192.0.2.7, 172.30.32.1\r\nX-Remote-User-Name: anna\r\n" % self.path.encode()
        return place + mark + b"&".join(pairs), rest.replace(b"\r\n", more, 1)
