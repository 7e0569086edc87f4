"""Starts the mail sink: `python -m demo.mail --smtp-port P --http-port Q --data DIR [--replies DIR]`."""

from pathlib import Path

from demo import serve
from demo.mail.app import create_app


def main() -> None:
    """Reads the arguments and serves until it is told to stop."""
    parser = serve.arguments("mail")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--replies", type=Path, help="Maildir that answers from the page are delivered into")
    given = parser.parse_args()
    smtp, http = serve.bind("mail", given.smtp_port), serve.bind("mail", given.http_port)
    also = f" and smtp://127.0.0.1:{smtp.getsockname()[1]}"
    serve.run("mail", lambda: create_app(given.data, smtp, given.replies), http, also)


if __name__ == "__main__":
    main()
