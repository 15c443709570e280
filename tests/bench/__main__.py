"""`./run bench NAME`: runs one bench; without a name, lists them."""

import importlib
import runpy
import sys

BENCHES = (
    "api",
    "dates",
    "drain",
    "import",
    "ingest",
    "journal",
    "kills",
    "leases",
    "ledger",
    "ledger-model",
    "offline",
    "policy",
    "power",
    "reunion",
    "simulation",
    "tap",
)


def main() -> None:
    """Run the bench that is named, with the arguments after its name."""
    if len(sys.argv) > 1 and sys.argv[1] in BENCHES:
        name = sys.argv.pop(1)
        runpy.run_module(module_of(name), run_name="__main__", alter_sys=True)
        return
    sys.stdout.write("Usage: ./run bench NAME [--quick | --full] [--json FILE]\n\n")
    for name in BENCHES:
        first = (importlib.import_module(module_of(name)).__doc__ or "").splitlines()[0]
        sys.stdout.write(f"  {name:<12}  {first}\n")
    sys.exit(0 if len(sys.argv) == 1 else 2)


def module_of(name: str) -> str:
    """Module of a bench."""
    # A module cannot be called as a statement is.
    own = "import_" if name == "import" else name.replace("-", "_")
    return f"tests.bench.{own}"


if __name__ == "__main__":
    main()
