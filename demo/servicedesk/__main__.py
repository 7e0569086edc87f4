"""Starts the service desk: `python -m demo.servicedesk --port P --data DIR`."""

from demo import serve
from demo.servicedesk.app import create_app


def main() -> None:
    """Reads the arguments and serves until it is told to stop."""
    parser = serve.arguments("servicedesk")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--session-idle", type=float, default=900, metavar="SECONDS")
    given = parser.parse_args()
    serve.run("servicedesk", lambda: create_app(given.data, given.session_idle), serve.bind("servicedesk", given.port))


if __name__ == "__main__":
    main()
