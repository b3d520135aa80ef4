"""Where each network comes from and what its paper says of it. Nothing here is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A network's paper and the figures that it states, ``None`` where it states none.

    ``depth`` counts weighted layers, as the paper does. ``image_size``, ``in_channels`` and
    ``num_classes`` are those of the published network; ``exact_parameters`` is the known count for
    them (official weights, or the paper's formula), ``paper_parameters`` and ``paper_macs`` the
    paper's own words in numbers. ``top1`` and ``top5`` are ImageNet errors in percent, measured as
    ``protocol`` says.

    >>> from d2lhelpers.models import info
    >>> info("resnet50").paper
    'He, Zhang, Ren and Sun, 2015, Deep residual learning for image recognition'
    """

    name: str
    authors: str
    year: int
    title: str
    depth: int
    image_size: int = 224
    in_channels: int = 3
    num_classes: int = 1000
    exact_parameters: int | None = None
    paper_parameters: int | None = None
    paper_macs: float | None = None
    top1: float | None = None
    top5: float | None = None
    protocol: str = ""

    @property
    def paper(self) -> str:
        return f"{self.authors}, {self.year}, {self.title}"


_LENET = (
    "LeCun, Bottou, Bengio and Haffner",
    1998,
    "Gradient-based learning applied to document recognition",
)
_ALEXNET = (
    "Krizhevsky, Sutskever and Hinton",
    2012,
    "ImageNet classification with deep convolutional neural networks",
)
_NIN = ("Lin, Chen and Yan", 2013, "Network in network")
_VGG = (
    "Simonyan and Zisserman",
    2014,
    "Very deep convolutional networks for large-scale image recognition",
)
_GOOGLENET = (
    "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke and Rabinovich",
    2014,
    "Going deeper with convolutions",
)
_RESNET = ("He, Zhang, Ren and Sun", 2015, "Deep residual learning for image recognition")
_DENSENET = (
    "Huang, Liu, van der Maaten and Weinberger",
    2016,
    "Densely connected convolutional networks",
)
_ONE_SCALE = "validation, one network, one scale, the whole image"
_TEN_CROPS = "validation, one network, ten crops"
_ONE_CROP = "validation, one network, one crop"


def _lenet(name: str, depth: int, size: int, exact: int, said: int | None) -> Entry:
    return Entry(name, *_LENET, depth, size, 1, 10, exact_parameters=exact, paper_parameters=said)


def _vgg(depth: int, exact: int, millions: int, top1: float, top5: float) -> Entry:
    return Entry(
        f"vgg{depth}",
        *_VGG,
        depth,
        exact_parameters=exact,
        paper_parameters=millions * 10**6,
        top1=top1,
        top5=top5,
        # Table 3: 11 and 13 layers were trained with images of height 256 alone.
        protocol=_ONE_SCALE if depth < 16 else f"{_ONE_SCALE}, trained at scales 256 to 512",
    )


def _resnet(
    depth: int, exact: int, macs: float, top1: float, top5: float | None, protocol: str = _TEN_CROPS
) -> Entry:
    return Entry(
        f"resnet{depth}",
        *_RESNET,
        depth,
        exact_parameters=exact,
        paper_macs=macs,
        top1=top1,
        top5=top5,
        protocol=protocol,
    )


def _densenet(
    depth: int,
    exact: int,
    top1: float | None = None,
    top5: float | None = None,
    said: int | None = None,
) -> Entry:
    return Entry(
        f"densenet{depth}",
        *_DENSENET,
        depth,
        exact_parameters=exact,
        paper_parameters=said,
        top1=top1,
        top5=top5,
        protocol=_ONE_CROP if top1 else "",
    )


# In the order of their years; the textbook form of a network beside the published one.
CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        _lenet("lenet", 5, 28, 44_426, None),
        # The paper counts C1, S2, C3, S4, C5, F6 and the output.
        _lenet("lenet5", 7, 32, 60_000, 60_000),
        Entry("alexnet", *_ALEXNET, 8),
        Entry(
            "alexnet2012",
            *_ALEXNET,
            8,
            exact_parameters=60_965_224,
            paper_parameters=60 * 10**6,
            top1=40.7,
            top5=18.2,
            protocol=_TEN_CROPS,
        ),
        Entry("nin", *_NIN, 12),
        _vgg(11, 132_863_336, 133, 29.6, 10.4),
        _vgg(13, 133_047_848, 133, 28.7, 9.9),
        _vgg(16, 138_357_544, 138, 25.6, 8.1),
        _vgg(19, 143_667_240, 144, 25.5, 8.0),
        Entry(
            "googlenet",
            *_GOOGLENET,
            22,
            exact_parameters=6_998_552,
            # The sum of the column "params" of its table 1.
            paper_parameters=6_797_700,
            paper_macs=1.5e9,
            top5=10.07,
            protocol=_ONE_CROP,
        ),
        # The paper gives the 18 layers' error with shortcuts that have no weights.
        _resnet(18, 11_689_512, 1.8e9, 27.88, None, f"{_TEN_CROPS}, shortcuts without weights"),
        _resnet(34, 21_797_672, 3.6e9, 24.52, 7.46),
        _resnet(50, 25_557_032, 3.8e9, 22.85, 6.71),
        _resnet(101, 44_549_160, 7.6e9, 21.75, 6.05),
        _resnet(152, 60_192_808, 11.3e9, 21.43, 5.71),
        Entry("densenet", *_DENSENET, 21),
        _densenet(121, 7_978_856, 25.02, 7.71),
        _densenet(161, 28_681_000),
        _densenet(169, 14_149_480, 23.80, 6.85),
        _densenet(201, 20_013_928, 22.58, 6.34, 20 * 10**6),
    )
}
