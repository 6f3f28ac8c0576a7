"""Requests to the agent's page, each on a connection of its own."""

import json
import urllib.error
import urllib.request

from .waiting import DEADLINE


class Answer:
    """A whole answer, whatever its status is."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.type = response.headers.get_content_type()
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)


def ask(agent, method, path, body=None, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{agent.http_port}{path}", body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as response:
            return Answer(response)
    except urllib.error.HTTPError as error:
        return Answer(error)


def get(agent, path, **headers):
    """The text of an answer that must be good."""
    answer = ask(agent, "GET", path, **headers)
    assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
    return answer.text
