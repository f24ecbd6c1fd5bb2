# SPDX-License-Identifier: MIT
"""The shop's API: orders in PostgreSQL, a visit counter in Redis.

    shop.py serve     answer on LISTEN_PORT (8000)
    shop.py migrate   bring the database to the newest schema, then end
    shop.py health    exit 0 when the running server says that it is well
"""
import json
import os
import signal
import socket
import sys
import urllib.request
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import psycopg2
import psycopg2.extras
import redis

PORT = int(os.environ.get("LISTEN_PORT", "8000"))
MIGRATIONS = Path(__file__).parent / "migrations"


class BadRequest(Exception):
    """Something in the request that its sender can mend."""


def database():
    """A connection that commits each statement by itself."""
    password = Path(os.environ["DATABASE_PASSWORD_FILE"]).read_text().strip()
    connection = psycopg2.connect(
        host=os.environ["DATABASE_HOST"],
        dbname=os.environ["DATABASE_NAME"],
        user=os.environ["DATABASE_USER"],
        password=password,
        connect_timeout=5,
    )
    connection.autocommit = True
    return closing(connection)


def rows(sql, values=()):
    with database() as connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def cache():
    return redis.Redis(host=os.environ["CACHE_HOST"], socket_timeout=5, decode_responses=True)


def health():
    rows("SELECT count(*) FROM orders")
    cache().ping()
    return {"status": "ok"}


def where():
    """Which machines and which database this copy of the shop uses."""
    found = rows("SELECT current_database() AS name, host(inet_server_addr()) AS address, system_identifier::text AS id"
                 " FROM pg_control_system()")[0]
    return {
        "shop": os.environ.get("SHOP_NAME", "A shop"),
        "api": {"hostname": socket.gethostname()},
        "database": {"host": os.environ["DATABASE_HOST"], **found},
        "cache": {"host": os.environ["CACHE_HOST"], "address": socket.gethostbyname(os.environ["CACHE_HOST"])},
    }


def visits():
    return {"visits": cache().incr("visits")}


def list_orders():
    return {"orders": rows("SELECT id, item, quantity, created_at::text FROM orders ORDER BY id")}


def place_order(order):
    item = str(order.get("item", "")).strip()
    if not item:
        raise BadRequest("an order needs an item, as in {\"item\": \"tea\", \"quantity\": 2}")
    try:
        quantity = int(order.get("quantity", 1))
    except (TypeError, ValueError):
        raise BadRequest("quantity is a whole number") from None
    if not 0 < quantity < 1000:
        raise BadRequest("quantity is between 1 and 999")
    return rows("INSERT INTO orders (item, quantity) VALUES (%s, %s) RETURNING id, item, quantity", (item, quantity))[0]


ANSWERS = {"/api/health": health, "/api/where": where, "/api/visits": visits, "/api/orders": list_orders}


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        answer = ANSWERS.get(self.path.partition("?")[0])
        if answer is None:
            self.reply(404, {"error": f"nothing at {self.path}; there is {', '.join(ANSWERS)}"})
        else:
            self.guarded(200, answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/api/orders":
            self.reply(404, {"error": f"nothing to post to at {self.path}; there is /api/orders"})
        else:
            self.guarded(201, lambda: place_order(self.parsed(body)))

    def parsed(self, body):
        if self.headers.get_content_type() == "application/x-www-form-urlencoded":
            return {name: values[0] for name, values in parse_qs(body.decode()).items()}
        try:
            order = json.loads(body)
        except ValueError:
            raise BadRequest("the body is no JSON") from None
        if not isinstance(order, dict):
            raise BadRequest("the body is no JSON object")
        return order

    def guarded(self, status, work):
        try:
            self.reply(status, work())
        except BadRequest as error:
            self.reply(400, {"error": str(error)})
        except (psycopg2.Error, redis.RedisError, OSError) as error:
            self.reply(503, {"error": f"{type(error).__name__}: {error}".strip()})

    def reply(self, status, body):
        data = (json.dumps(body) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def migrate():
    with database() as connection, connection.cursor() as cursor:
        for path in sorted(MIGRATIONS.glob("*.sql")):
            cursor.execute(path.read_text())
            print(f"migrate: {path.name} is in place")


def serve():
    server = ThreadingHTTPServer(("", PORT), Shop)
    # As the first process of a container, Python would ignore SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"api: listening on port {PORT}")
    server.serve_forever()


def check():
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/health", timeout=4) as answer:
        print(answer.read().decode(), end="")


if __name__ == "__main__":
    commands = {"serve": serve, "migrate": migrate, "health": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
