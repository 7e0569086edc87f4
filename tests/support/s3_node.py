"""A real S3 server as a process of its own: OpenStack Swift with its s3api, one node, one copy of each object.

`python -m tests.support.s3_node FOLDER` says where it listens, on ports that nobody else has, and serves until it ends.
"""

# ruff: noqa: E402 - Swift wants its patches of the standard library before anything else of it is loaded
from swift.common.utils import monkey_patch

monkey_patch()

import getpass
import sys
from pathlib import Path

import eventlet
from eventlet import wsgi
from swift.common.http_protocol import SwiftHttpProtocol
from swift.common.ring import RingBuilder
from swift.common.storage_policy import reload_storage_policies
from swift.common.utils import NullLogger, set_swift_dir
from swift.common.wsgi import loadapp

from tests.support.s3_server import ACCOUNT, REGION, SECRET, USER

BACKENDS = ("account", "container", "object")
DEFAULTS = """[DEFAULT]
swift_dir = {etc}
devices = {devices}
mount_check = false
fallocate_reserve = 0
user = {user}
log_level = CRITICAL
"""
BACKEND = """[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
FRONT = f"""[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth copy slo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = {REGION}
[filter:tempauth]
use = egg:swift#tempauth
user_{ACCOUNT}_{USER} = {SECRET} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


def main(folder: Path) -> None:
    """Serve a store in `folder`, whose file system must know extended attributes."""
    etc, devices = folder / "etc", folder / "devices"
    etc.mkdir(parents=True)
    (devices / "one").mkdir(parents=True)
    (etc / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    set_swift_dir(str(etc))
    reload_storage_policies()
    defaults = DEFAULTS.format(etc=etc, devices=devices, user=getpass.getuser())
    for name in BACKENDS:
        listener = eventlet.listen(("127.0.0.1", 0))
        _ring(etc / f"{name}.ring.gz", listener.getsockname()[1])
        _serve(etc / f"{name}.conf", defaults + BACKEND.format(name=name), listener)
    front = eventlet.listen(("127.0.0.1", 0))
    serving = _serve(etc / "proxy.conf", defaults + FRONT, front)
    sys.stdout.write(f"S3 at http://127.0.0.1:{front.getsockname()[1]}\n")
    sys.stdout.flush()
    serving.wait()


def _ring(file: Path, port: int) -> None:
    """Where Swift finds its one node."""
    builder = RingBuilder(part_power=3, replicas=1, min_part_hours=0)
    place = {"ip": "127.0.0.1", "port": port}
    replication = {f"replication_{name}": value for name, value in place.items()}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "device": "one", "weight": 1, **place, **replication})
    builder.rebalance()
    builder.get_ring().save(str(file))


def _serve(file: Path, text: str, listener: eventlet.greenio.GreenSocket) -> eventlet.greenthread.GreenThread:
    file.write_text(text)
    return eventlet.spawn(wsgi.server, listener, loadapp(str(file)), NullLogger(), protocol=SwiftHttpProtocol)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
