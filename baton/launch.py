"""The last step before a part runs: it becomes the right user, asks to die with its parent, and turns into the part.

Run as `python -I -S launch.py PARENT SIGNAL USER -- COMMAND...`, where PARENT is the pid that must still be the parent,
SIGNAL what the kernel sends to the part when that parent dies, USER a "uid:gid" or "-". It imports little on purpose:
every part pays for it once.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NOT_FOUND = 127


def main(arguments: list[str]) -> None:
    """Turn this process into the command; leaves with 127 and a sentence when the command cannot be run."""
    parent, signal_number, user, _, *command = arguments
    if user != "-":
        become(user)
    # After the change of user: the kernel forgets the wish when credentials change.
    die_with_parent(int(signal_number))
    if os.getppid() != int(parent):
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a fixed argument list, and no shell is wanted
    except OSError as fault:
        sys.stderr.write(f"cannot run {command[0]}: {fault.strerror}\n")
        sys.exit(NOT_FOUND)


def become(user: str) -> None:
    """Give up root for good: no groups, then the group, then the user ("uid:gid")."""
    uid, gid = (int(number) for number in user.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(signal_number: int) -> None:
    """Linux only; elsewhere the watchman ends what is left."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)


if __name__ == "__main__":
    main(sys.argv[1:])
