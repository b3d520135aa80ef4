"""Official weights in the book's own networks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from .common import Network

# The weights files of DenseNet still have the names of torchvision 0.1: "denselayer1.norm.1".
_OLD_KEY = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d\.)")


def load_torchvision_state(net: Network, state_dict: Mapping[str, Tensor]) -> None:
    """Copy the weights of torchvision's network of the same name into ``net``.

    For every VGG (with and without batch normalization), ResNet and DenseNet. ``state_dict`` is
    what torchvision's ``state_dict()`` gives or what a weights file of its holds; create ``net``
    with ``in_channels=3, num_classes=1000`` for the official ones. In evaluation mode the outputs
    then equal torchvision's. Counters of batches, which old files lack, stay as they are.

    Raises ``ValueError`` where a tensor is missing, left over or of another shape: it names the
    first one and both shapes, and ``net`` is as it was. Raises it too for a network of which
    torchvision has no equal (``lenet``, ``nin``, ``preactivation=True``, ...).

    >>> import torch, torchvision
    >>> from d2lhelpers.models import create
    >>> net = create("resnet18", in_channels=3, num_classes=1000)
    >>> theirs = torchvision.models.resnet18()
    >>> load_torchvision_state(net, theirs.state_dict())
    >>> torch.equal(net.fc.weight, theirs.fc.weight)
    True
    """
    given = {_OLD_KEY.sub(r"\1\2", key): value for key, value in state_dict.items()}
    ours = net.state_dict()
    source = {net.torchvision_key(key): key for key in ours}
    for theirs, key in source.items():
        if theirs not in given:
            if key.endswith("num_batches_tracked"):
                given[theirs] = ours[key]
                continue
            _refuse(net, theirs, "nothing", _shape(ours[key]))
        if not isinstance(given[theirs], Tensor) or given[theirs].shape != ours[key].shape:
            _refuse(net, theirs, _shape(given[theirs]), _shape(ours[key]))
    for theirs in given:
        if theirs not in source:
            _refuse(net, theirs, _shape(given[theirs]), "nothing")
    net.load_state_dict({key: given[theirs] for theirs, key in source.items()})


def _shape(value: object) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__


def _refuse(net: Network, key: str, theirs: str, ours: str) -> None:
    raise ValueError(
        f"the state does not fit {net.name}: {key} has {theirs} in the state and {ours} in the "
        "network; create the network of the state's name, channels, classes and options"
    )
