"""`baton worker` with a careless change in it: `python -m tests.support.bad_worker HastyCase`."""

import sys

from baton import wiring, worker
from tests.replay import hasty
from workflows.failed_delivery import FailedDeliveryWorkflow

if __name__ == "__main__":
    others = [one for one in wiring.WORKFLOWS if one is not FailedDeliveryWorkflow]
    wiring.WORKFLOWS = (getattr(hasty, sys.argv[1]), *others)
    worker.main()
