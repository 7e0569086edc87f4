"""Starts the dispatch board: `python -m demo.fieldboard --port P --data DIR`."""

from datetime import date
from pathlib import Path

from demo import serve
from demo.fieldboard import seed
from demo.fieldboard.app import create_app
from demo.fieldboard.board import Settings


def main() -> None:
    """Reads the arguments and serves until it is told to stop."""
    parser = serve.arguments("fieldboard")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--session-idle", type=float, default=900, help="seconds until an idle session ends")
    parser.add_argument("--seed-bookings", type=Path, help="bookings of a new data folder, from a JSON file")
    given = parser.parse_args()
    today = date.today()  # noqa: DTZ011 - the board goes by the wall clock of its office
    bookings = seed.bookings_of_file(given.seed_bookings) if given.seed_bookings else seed.standard_bookings(today)
    settings = Settings(given.data, bookings, given.session_idle)
    serve.run("fieldboard", lambda: create_app(settings), serve.bind("fieldboard", given.port))


if __name__ == "__main__":
    main()
