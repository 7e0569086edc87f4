"""What a worker tells Temporal of its build: with a name, what begins on it stays on it (docs/upgrading.md)."""

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

DEPLOYMENT = "baton"
"""The deployment's name at Temporal. It is one for all workers; a build is a version of it."""


def deployment_config(build: str) -> WorkerDeploymentConfig | None:
    """For the SDK's Worker; None for a worker without a build, which takes whatever belongs to none."""
    if not build:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(DEPLOYMENT, build),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )
