"""`python -m baton`: the same front door as the command `baton`."""

from baton.cli import main

if __name__ == "__main__":
    main()
