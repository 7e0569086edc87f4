"""Starts the order desk: `python -m demo.orderdesk --port P --data DIR`."""

from pathlib import Path

from demo import serve
from demo.orderdesk import seed
from demo.orderdesk.app import create_app
from demo.orderdesk.desk import Settings


def main() -> None:
    """Reads the arguments and serves until it is told to stop."""
    parser = serve.arguments("orderdesk")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--session-idle", type=float, default=900, help="seconds until an idle session ends")
    parser.add_argument("--lock-seconds", type=float, default=60, help="seconds until a record lock ends")
    parser.add_argument("--orders", type=int, default=120, help="how many orders a new data folder gets")
    parser.add_argument("--seed-orders", type=Path, help="orders of a new data folder, from a JSON file")
    given = parser.parse_args()
    orders = seed.orders_of_file(given.seed_orders) if given.seed_orders else seed.standard_orders(given.orders)
    settings = Settings(given.data, orders, given.session_idle, given.lock_seconds)
    serve.run("orderdesk", lambda: create_app(settings), serve.bind("orderdesk", given.port))


if __name__ == "__main__":
    main()
