"""The options that several commands have, said once."""

from __future__ import annotations

from typing import Annotated

import typer

RecipeArgument = Annotated[str, typer.Argument(help="A recipe file, or the name of a built-in one.")]
OutOption = Annotated[str | None, typer.Option(metavar="DIR", help="Folder of the build [outputs/NAME].")]
MemoryOption = Annotated[
    str | None, typer.Option("--memory", metavar="DIR|URL", help="Folder or URL of the memory [outputs/.memory].")
]
LimitOption = Annotated[str | None, typer.Option(metavar="N", help="First N samples of each source.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the recipe.")
]
RetryFailedOption = Annotated[
    bool, typer.Option("--retry-failed", help="Send remembered failures to the engine again.")
]
RecalibrateOption = Annotated[
    bool, typer.Option("--recalibrate", help="Fit the quality score and the choice anew, whatever fits there are.")
]
ShardAddressOption = Annotated[
    str | None,
    typer.Option("--ray-address", metavar="HOST:PORT", help="Work on the nodes of this Ray cluster [threads here]."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
